"""`tuner play`: a video of what a model, or an environment's own expert, does."""

import functools
from pathlib import Path
from typing import Annotated

import typer

from tuner.app.limits import MOST_PLAYED, keyword_values, picture_size, wrapper_paths
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
    versus: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="Play several of the study's beside each other, on the same seeds: `best`, baselines, trial numbers, "
            "with commas.",
        ),
    ] = None,
    progress: Annotated[
        bool,
        typer.Option("--progress", help="Play the trial at 0, 25, 50 and 100 % of its training, beside each other."),
    ] = False,
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
        typer.Option(
            "--output", "-o", metavar="FILE", help=".mp4 or .gif for a video, .png for one episode in one picture."
        ),
    ] = None,
    size: Annotated[
        str | None,
        typer.Option(
            metavar="WxH",
            help="Pixels of each picture. Default: 960x720, 640x480 beside others; smaller for .gif and .png.",
        ),
    ] = None,
    gui: Annotated[bool, typer.Option("--gui", help="Show a window in real time instead.")] = False,
    storage: StorageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Record a model or an expert: a video, a picture or a window."""
    from tuner.app.play import PlayRequest, play_beside
    from tuner.app.play import play as play_one
    from tuner.cli.render.notifier import TerminalNotifier
    from tuner.cli.render.play_tables import print_played, print_played_together
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
        versus=tuple(versus.split(",")) if versus is not None else (),
        progress=progress,
        size=picture_size("--size", size) if size is not None else None,
    )
    with TerminalNotifier() as notifier:
        if request.together:
            show_result = functools.partial(show, play_beside(request, notifier), print_played_together)
        else:
            show_result = functools.partial(show, play_one(request, notifier), print_played)
    if output is not None:
        say(f"Wrote {output} ({output.stat().st_size / 1e6:.2f} MB)")
    show_result(as_json=as_json)
