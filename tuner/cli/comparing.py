"""What `tuner compare` does, once the command line is read."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import URL

from tuner.cli.arms import chosen, make_arm
from tuner.cli.compare_tables import Nobody, RunLines, print_comparison
from tuner.cli.engine import open_engine
from tuner.cli.opening import storage_url
from tuner.cli.options import INTERRUPTED
from tuner.cli.words import say
from tuner.cli.workforce import Workforce
from tuner.comparison import page
from tuner.comparison.plan import make_jobs, short_jobs
from tuner.comparison.records import Arm, Comparison
from tuner.comparison.source import ComparisonSource, SpeedSource
from tuner.config.model import StudySpec
from tuner.coordinator import coordinate
from tuner.engines.base import Engine


@dataclass(frozen=True, kw_only=True)
class Request:
    """What was asked for."""

    study: str
    algorithms: tuple[str, ...]  # none: all that can act in the environment
    minutes: float
    seeds: int
    environment: str | None
    force: Workforce
    html: Path | None
    storage: str | None
    as_json: bool


def run(request: Request) -> int:
    """Runs a comparison; returns the exit code."""
    url = storage_url(request.storage)
    arms, specs = _arms(request, url)
    source: ComparisonSource | None = None
    interrupted = False
    try:
        with open_engine(request.force, specs[arms[0].algorithm]) as engine:
            speeds = _speeds(arms, specs, engine)
            seconds = request.minutes * 60
            source = _source(request, arms, specs, speeds)
            _foretell(request, len(arms), engine.workers)
            coordinate(source, engine, RunLines(source.seed, seconds), most_failures=None)
    except KeyboardInterrupt:
        interrupted = True
    return _conclude(request, arms, specs, source, interrupted=interrupted)


def _arms(request: Request, url: URL) -> tuple[tuple[Arm, ...], dict[str, StudySpec]]:
    algorithms = chosen(request.study, url, request.environment, request.algorithms, inline=request.force.inline)
    made = [make_arm(request.study, url, algorithm, request.environment) for algorithm in algorithms]
    for arm, _ in made:
        say(f"{arm.algorithm}: {arm.source}")
    return tuple(arm for arm, _ in made), {arm.algorithm: spec for arm, spec in made}


def _speeds(arms: tuple[Arm, ...], specs: dict[str, StudySpec], engine: Engine) -> dict[str, float]:
    """Steps a second of each arm, by runs of some seconds; they are the first look at what cannot run, too."""
    say("Measuring this machine's speed …")
    measuring = SpeedSource(short_jobs(arms, specs))
    coordinate(measuring, engine, Nobody(), most_failures=None)
    return measuring.speeds


def _source(
    request: Request, arms: tuple[Arm, ...], specs: dict[str, StudySpec], speeds: dict[str, float]
) -> ComparisonSource:
    seconds = request.minutes * 60
    jobs = make_jobs(arms, specs, speeds, seconds, request.seeds)

    def booked() -> None:
        if request.html is not None:
            page.write(_comparison(request, arms, specs, source), request.html)

    source = ComparisonSource(jobs, seconds, booked)
    return source


def _comparison(
    request: Request, arms: tuple[Arm, ...], specs: dict[str, StudySpec], source: ComparisonSource
) -> Comparison:
    spec = specs[arms[0].algorithm]
    return Comparison(
        study=request.study,
        environment=spec.environment.id,
        minutes=request.minutes,
        seeds=request.seeds,
        goals=spec.goals.early,
        arms=arms,
        runs=tuple(source.runs),
    )


def _foretell(request: Request, arms: int, workers: int) -> None:
    runs = arms * request.seeds
    side_by_side = min(workers, runs)
    minutes = -(-runs // side_by_side) * request.minutes
    say(
        f"{runs} run{'s' * (runs > 1)} of {request.minutes:g} minutes, {side_by_side} side by side: {minutes:.3g} "
        f"minute{'s' * (minutes != 1)} of training, and the evaluations."
    )


def _conclude(
    request: Request,
    arms: tuple[Arm, ...],
    specs: dict[str, StudySpec],
    source: ComparisonSource | None,
    *,
    interrupted: bool,
) -> int:
    """Prints what there is; returns the exit code."""
    if interrupted:
        say("Stopped. This is what there is:" if source and source.runs else "Stopped before the first run.")
    if source is None or not source.runs:
        return INTERRUPTED
    comparison = _comparison(request, arms, specs, source)
    if request.as_json:
        sys.stdout.write(json.dumps(comparison.data(), indent=2) + "\n")
    else:
        print_comparison(comparison)
    if request.html is not None:
        page.write(comparison, request.html)
        say(f"Wrote {request.html}")
    if interrupted:
        return INTERRUPTED
    return 0 if any(run.state == "done" for run in source.runs) else 1
