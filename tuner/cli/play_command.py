"""`tuner play`: a video of what a model, or an environment's own expert, does."""

from pathlib import Path
from typing import Annotated

import typer

from tuner.app.limits import MOST_PLAYED, keyword_values, wrapper_paths
from tuner.cli.options import EnvKwargsOption, JsonOption, StorageOption, WrapperOption, number, show


def play(
    *,
    expert: Annotated[bool, typer.Option("--expert", help="Play the environment's expert.")] = False,
    model: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Play this model: a Stable-Baselines3 zip from a source you trust."),
    ] = None,
    stats: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The model's VecNormalize statistics. Default: vecnormalize.pkl beside it."),
    ] = None,
    study: Annotated[
        str | None, typer.Option(metavar="STUDY", help="Play the model of this study's best trial.")
    ] = None,
    trial: Annotated[int | None, number("--trial", "N", "Play the model of another trial of the study.", low=0)] = None,
    env: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            help="`module:Id`, `module:Class`, `FILE.py:Class` or an id. Default: the study's, else the default one's.",
        ),
    ] = None,
    env_kwargs: EnvKwargsOption = None,
    wrapper: WrapperOption = None,
    episodes: Annotated[int | None, number("--episodes", "N", "Default: 5; 1 for a picture.", high=MOST_PLAYED)] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help=".mp4 for a video, .png for one episode in one picture."),
    ] = None,
    gui: Annotated[bool, typer.Option("--gui", help="Show a window in real time instead.")] = False,
    storage: StorageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Record a model or an expert: a video, a picture or a window."""
    from tuner.app.play import PlayRequest
    from tuner.app.play import play as play_episodes
    from tuner.cli.render.notifier import TerminalNotifier
    from tuner.cli.render.tables import print_played
    from tuner.cli.standard_files import say

    request = PlayRequest(
        expert=expert,
        model=model,
        statistics=stats,
        study=study,
        trial=trial,
        environment=env,
        kwargs=keyword_values("--env-kwargs", env_kwargs or []),
        wrappers=wrapper_paths("--wrapper", wrapper or []),
        episodes=episodes,
        output=output,
        gui=gui,
        storage=storage,
    )
    with TerminalNotifier() as notifier:
        played = play_episodes(request, notifier)
    if output is not None:
        say(f"Wrote {output}")
    show(played, print_played, as_json=as_json)
