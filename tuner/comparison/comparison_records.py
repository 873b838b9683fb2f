"""The records of a comparison, and its measures: time to 50 % success, final value, range over seeds."""

import statistics
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from tuner.config.model import LATE_EVALUATIONS
from tuner.record_type import Record

State = Literal["done", "diverged", "failed", "interrupted"]


class Contender(Record):
    """One algorithm with its arguments."""

    algorithm: str
    source: str  # where the arguments come from, in words
    params: dict[str, Any]


class Point(Record):
    """A run's result at one checkpoint."""

    step: int  # environment steps
    seconds: float  # of training, evaluations left out
    success: float | None  # success rate; None without a success signal
    mean_return: float


class TimedRun(Record):
    """The run of one algorithm with one seed."""

    algorithm: str
    seed: int  # from 1
    state: State
    reason: str
    points: tuple[Point, ...]


class Comparison(Record):
    """A comparison, complete or in progress."""

    study: str
    environment: str
    minutes: float  # training time of each run
    seeds: int
    goals: int  # evaluation episodes
    arms: tuple[Contender, ...]
    runs: tuple[TimedRun, ...]

    def of(self, algorithm: str) -> list[TimedRun]:
        """The runs of an algorithm."""
        return [run for run in self.runs if run.algorithm == algorithm]

    @property
    def has_success(self) -> bool:
        """Whether the environment reports success; otherwise runs are compared by their returns."""
        return any(point.success is not None for run in self.runs for point in run.points)


HALF = 0.5  # success rate whose first time is measured
FEW_SEEDS = 3


class Measures(Record):
    """The measures of one algorithm over its seeds."""

    algorithm: str
    done: int  # runs that used their time
    reached: int  # runs that reached 50 % success
    steps_to_half: float | None  # median over the runs that reached it
    seconds_to_half: float | None  # of training, median over the same runs
    final: float | None  # mean success, or return, of the last three evaluations of every run that used its time
    lowest: float | None  # final value over the seeds
    highest: float | None
    steps: float | None  # per run, median
    steps_per_second: float | None


def measure(comparison: Comparison, algorithm: str) -> Measures:
    """The measures of an algorithm."""
    runs = comparison.of(algorithm)
    done = [run for run in runs if run.state == "done" and run.points]
    finals = [final(run, has_success=comparison.has_success) for run in done]
    halves = [point for run in runs if (point := half(run)) is not None]
    last = [run.points[-1] for run in runs if run.points]
    return Measures(
        algorithm=algorithm,
        done=len(done),
        reached=len(halves),
        steps_to_half=_median([point.step for point in halves]),
        seconds_to_half=_median([point.seconds for point in halves]),
        final=statistics.fmean(finals) if finals else None,
        lowest=min(finals, default=None),
        highest=max(finals, default=None),
        steps=_median([point.step for point in last]),
        steps_per_second=_median([point.step / point.seconds for point in last if point.seconds > 0]),
    )


def value(point: Point, *, has_success: bool) -> float:
    """The success rate of a point, or its return without a success signal."""
    return point.success or 0.0 if has_success else point.mean_return


def final(run: TimedRun, *, has_success: bool) -> float:
    """The mean of a run's last three evaluations."""
    return statistics.fmean(value(point, has_success=has_success) for point in run.points[-LATE_EVALUATIONS:])


def half(run: TimedRun) -> Point | None:
    """The first checkpoint at which half of the episodes succeeded."""
    return next((point for point in run.points if (point.success or 0.0) >= HALF), None)


def findings(comparison: Comparison) -> Iterator[str]:
    """The main findings and caveats, one sentence each."""
    rows = [measure(comparison, arm.algorithm) for arm in comparison.arms]
    if comparison.has_success:
        yield from _first(rows)
    best = max((row for row in rows if row.final is not None), key=lambda row: row.final or 0.0, default=None)
    if best is not None and best.final is not None and (best.final > 0 or not comparison.has_success):
        height = f"{best.final:.0%} success" if comparison.has_success else f"a return of {best.final:.4g}"
        yield f"Highest after {comparison.minutes:g} minutes: {best.algorithm}, {height}."
    for run in comparison.runs:
        if run.state != "done":
            at = f" after {run.points[-1].step:,} steps" if run.points else " before its first evaluation"
            yield f"{run.algorithm}, seed {run.seed}: {run.state}{at}{f' ({run.reason})' if run.reason else ''}."
    missing = len(comparison.arms) * comparison.seeds - len(comparison.runs)
    if missing:
        yield f"{missing} of {missing + len(comparison.runs)} runs did not begin."
    if comparison.seeds < FEW_SEEDS:
        each = "One seed" if comparison.seeds == 1 else f"{comparison.seeds} seeds"
        yield f"{each} each: differences may be chance; --seeds 3 or more shows the spread."


def _first(rows: Sequence[Measures]) -> Iterator[str]:
    there = [row for row in rows if row.steps_to_half is not None and row.seconds_to_half is not None]
    if not there:
        yield "No run reached 50 % success: use more --minutes."
        return
    by_steps = min(there, key=lambda row: row.steps_to_half or 0.0)
    by_time = min(there, key=lambda row: row.seconds_to_half or 0.0)
    yield f"Fewest steps to 50 % success: {by_steps.algorithm}, {by_steps.steps_to_half:,.0f}."
    yield f"Shortest time to 50 % success: {by_time.algorithm}, {seconds(by_time.seconds_to_half)}."


def seconds(count: float | None) -> str:
    """A duration in seconds or minutes with its unit; `-` if unknown."""
    if count is None:
        return "-"
    return f"{count:.0f} s" if count < 120 else f"{count / 60:.1f} min"


def _median(values: Sequence[float]) -> float | None:
    return statistics.median(values) if values else None
