"""`tuner compare`: which algorithm learns this task best in the same time."""

from pathlib import Path
from typing import Annotated

import typer

from tuner.app.limits import COMPARED_MINUTES, DEFAULT_STUDY, MOST_SEEDS
from tuner.cli import options
from tuner.config.algorithms import ALGORITHMS
from tuner.exit_codes import INTERRUPTED


def compare(
    study: options.StudyArgument = DEFAULT_STUDY,
    *,
    algorithms: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,…",
            help=f"Any of {', '.join(ALGORITHMS)}. Default: those of Stable-Baselines3 that fit the action space.",
        ),
    ] = None,
    minutes: Annotated[
        float,
        typer.Option(parser=options.minutes_of, metavar="M", help="Training minutes per run, without evaluations."),
    ] = COMPARED_MINUTES,
    seeds: Annotated[int, options.number("--seeds", "N", "Runs per algorithm.", high=MOST_SEEDS)] = 1,
    env: options.EnvironmentOption = None,
    workers: options.WorkersOption = None,
    engine: options.EngineOption = "processes",
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write an HTML page, updated after every run.")
    ] = None,
    storage: options.StorageOption = None,
    as_json: options.JsonOption = False,
) -> int:
    """Compare algorithms given the same minutes of training."""
    from tuner.app.compare import CompareRequest, known_algorithms
    from tuner.app.compare import compare as run_comparison
    from tuner.app.engine_options import EngineOptions
    from tuner.cli.render.compare_tables import print_comparison
    from tuner.cli.render.notifier import TerminalNotifier
    from tuner.cli.standard_files import say

    names = [] if algorithms is None else [name.strip() for name in algorithms.split(",")]
    request = CompareRequest(
        study=study,
        algorithms=known_algorithms(f"--algorithms {algorithms}", names, "--seeds"),
        minutes=minutes,
        seeds=seeds,
        environment=env,
        engine=EngineOptions(engine=engine, workers=workers),
        html=html,
        storage=storage,
    )
    with TerminalNotifier() as notifier:
        result = run_comparison(request, notifier)
    if result.comparison is None:
        return INTERRUPTED
    options.show(result.comparison, print_comparison, as_json=as_json)
    if html is not None:
        say(f"Wrote {html}")
    if result.interrupted:
        return INTERRUPTED
    return 0 if any(run.state == "done" for run in result.comparison.runs) else 1
