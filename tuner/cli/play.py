"""`tuner play`: a film of what a model, or an environment's own expert, does."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from tuner.cli.options import JsonOption, StorageOption, whole

MOST_EPISODES = 1000


def play(
    *,
    expert: Annotated[bool, typer.Option("--expert", help="The environment's own expert acts.")] = False,
    model: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="This model acts: a zip of Stable-Baselines3's, from somebody you trust."),
    ] = None,
    stats: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The model's VecNormalize statistics. Default: vecnormalize.pkl beside it."),
    ] = None,
    study: Annotated[
        str | None, typer.Option(metavar="STUDY", help="The model of this study's best trial acts.")
    ] = None,
    trial: Annotated[
        int | None,
        typer.Option(parser=whole("--trial", 0), metavar="N", help="That of another trial of the study."),
    ] = None,
    env: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            help="`module:Id`, `module:Class`, `FILE.py:Class` or an id. Default: the study's, else the default one's.",
        ),
    ] = None,
    episodes: Annotated[
        int | None,
        typer.Option(parser=whole("--episodes", 1, MOST_EPISODES), metavar="N", help="Default: 5; 1 for a picture."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help=".mp4 for a film, .png for one episode in one picture."),
    ] = None,
    gui: Annotated[bool, typer.Option("--gui", help="Show it in a window, in real time, instead.")] = False,
    storage: StorageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Play episodes of a model or an expert, as a film, a picture or in a window."""
    from tuner import seeds
    from tuner.cli.casting import Casting, cast, check_casting, episodes_wanted
    from tuner.cli.play_tables import line, print_played
    from tuner.cli.words import say
    from tuner.playing.play import play as play_them

    asked = Casting(expert=expert, model=model, study=study, trial=trial, env=env, storage=storage, stats=stats)
    check_casting(asked)
    count = episodes_wanted(episodes, output, gui=gui)
    ref, actor = cast(asked)
    where = f"into {output}" if output is not None else "in a window"
    say(f"{ref.id}: {count} episode{'s' * (count > 1)} of {actor.label}, {where}")
    played = play_them(ref, actor, seeds.play_goals(count), output, lambda episode: say(line(episode)))
    if output is not None:
        say(f"Wrote {output}")
    if as_json:
        sys.stdout.write(json.dumps(played.data(), indent=2) + "\n")
    else:
        print_played(played)
