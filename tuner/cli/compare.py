"""`tuner compare`: which algorithm learns this task best in the same time."""

from pathlib import Path
from typing import Annotated

import typer

from tuner.cli.options import (
    DEFAULT_STUDY,
    EngineOption,
    JsonOption,
    StorageOption,
    StudyArgument,
    WorkersOption,
    minutes_of,
    whole,
)
from tuner.cli.run import ALGORITHMS
from tuner.cli.workforce import workforce
from tuner.errors import UsageProblem, did_you_mean

MOST_SEEDS = 1000


def compare(
    study: StudyArgument = DEFAULT_STUDY,
    *,
    algorithms: Annotated[
        str | None,
        typer.Option(metavar="A,B,…", help=f"Of {', '.join(ALGORITHMS)}. Default: all that can act there."),
    ] = None,
    minutes: Annotated[
        float,
        typer.Option(parser=minutes_of, metavar="M", help="Of training, for each run; evaluations not counted."),
    ] = 5,
    seeds: Annotated[
        int, typer.Option(parser=whole("--seeds", 1, MOST_SEEDS), metavar="N", help="Runs of each algorithm.")
    ] = 1,
    env: Annotated[
        str | None,
        typer.Option(
            metavar="ID", help="A Gymnasium environment: `module:Id`, `module:Class`, `FILE.py:Class` or an id."
        ),
    ] = None,
    workers: WorkersOption = None,
    engine: EngineOption = "processes",
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a page as well, anew after every run.")
    ] = None,
    storage: StorageOption = None,
    as_json: JsonOption = False,
) -> int:
    """Compare algorithms over the same minutes of training: samples, time and success, seed by seed."""
    if engine == "ray":
        raise UsageProblem("--engine ray: runs of so many minutes are compared on one machine; leave it out")
    wanted = _algorithms(algorithms)
    from tuner.cli.comparing import Request, run
    from tuner.comparison.page import check_target

    if html is not None:
        check_target(html)
    return run(
        Request(
            study=study,
            algorithms=wanted,
            minutes=minutes,
            seeds=seeds,
            environment=env,
            force=workforce(engine, workers),
            html=html,
            storage=storage,
            as_json=as_json,
        )
    )


def _algorithms(text: str | None) -> tuple[str, ...]:
    """The algorithms named, none where none are.

    Raises:
        UsageProblem: where one is unknown or stands twice.
    """
    if text is None:
        return ()
    names = tuple(name.strip() for name in text.split(","))
    for name in names:
        if name not in ALGORITHMS:
            hint = did_you_mean(name, ALGORITHMS)
            raise UsageProblem(f"--algorithms {text}: unknown {name!r}{hint}; valid: {', '.join(ALGORITHMS)}")
        if names.count(name) > 1:
            raise UsageProblem(f"--algorithms {text}: {name} stands twice; --seeds gives each more runs")
    return names
