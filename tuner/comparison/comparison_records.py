"""What a comparison is made of, as plain data, and what its runs come to: how soon, how high, how far apart."""

import statistics
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from tuner.config.model import LATE_EVALUATIONS
from tuner.record_type import Record

State = Literal["done", "diverged", "failed", "interrupted"]


class Contender(Record):
    """One algorithm with the arguments that it is given."""

    algorithm: str
    source: str  # where the arguments come from, in words
    params: dict[str, Any]


class Point(Record):
    """What a run had learnt at one of its checkpoints."""

    step: int  # environment steps
    seconds: float  # of training, evaluations left out
    success: float | None  # share of episodes; None where nobody tells
    mean_return: float


class TimedRun(Record):
    """One algorithm, one seed."""

    algorithm: str
    seed: int  # from 1
    state: State
    reason: str
    points: tuple[Point, ...]


class Comparison(Record):
    """What there is so far."""

    study: str
    environment: str
    minutes: float  # of training, each run
    seeds: int
    goals: int  # episodes of each evaluation
    arms: tuple[Contender, ...]
    runs: tuple[TimedRun, ...]

    def of(self, algorithm: str) -> list[TimedRun]:
        """The runs of an algorithm."""
        return [run for run in self.runs if run.algorithm == algorithm]

    @property
    def told(self) -> bool:
        """Whether the environment tells success; else runs are held against each other by their returns."""
        return any(point.success is not None for run in self.runs for point in run.points)


HALF = 0.5  # success rate that counts as having learnt
FEW_SEEDS = 3


class Measures(Record):
    """One algorithm over its seeds."""

    algorithm: str
    done: int  # runs that used their time
    reached: int  # runs that came to half
    steps_to_half: float | None  # the median of those that came to it
    seconds_to_half: float | None  # of training, the same
    final: float | None  # mean success, or return, of the last three evaluations of every run that used its time
    lowest: float | None  # of the seeds' finals
    highest: float | None
    steps: float | None  # that a run made, the median
    steps_per_second: float | None


def measure(comparison: Comparison, algorithm: str) -> Measures:
    """The measures of an algorithm."""
    runs = comparison.of(algorithm)
    done = [run for run in runs if run.state == "done" and run.points]
    finals = [final(run, told=comparison.told) for run in done]
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


def value(point: Point, *, told: bool) -> float:
    """What a point is worth: its success, where the environment tells it, else its return."""
    return point.success or 0.0 if told else point.mean_return


def final(run: TimedRun, *, told: bool) -> float:
    """The mean of a run's last three evaluations."""
    return statistics.fmean(value(point, told=told) for point in run.points[-LATE_EVALUATIONS:])


def half(run: TimedRun) -> Point | None:
    """The first checkpoint at which half of the episodes succeeded."""
    return next((point for point in run.points if (point.success or 0.0) >= HALF), None)


def words(comparison: Comparison) -> Iterator[str]:
    """What stands out, and what is to be minded, a sentence each."""
    rows = [measure(comparison, arm.algorithm) for arm in comparison.arms]
    if comparison.told:
        yield from _first(rows)
    best = max((row for row in rows if row.final is not None), key=lambda row: row.final or 0.0, default=None)
    if best is not None and best.final is not None and (best.final > 0 or not comparison.told):
        height = f"{best.final:.0%} success" if comparison.told else f"a return of {best.final:.4g}"
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
        yield f"{each} each: luck may have decided; --seeds 3 or more shows the spread."


def _first(rows: Sequence[Measures]) -> Iterator[str]:
    there = [row for row in rows if row.steps_to_half is not None and row.seconds_to_half is not None]
    if not there:
        yield "No run came to 50 % success: give it more --minutes."
        return
    by_steps = min(there, key=lambda row: row.steps_to_half or 0.0)
    by_time = min(there, key=lambda row: row.seconds_to_half or 0.0)
    yield f"Fewest steps to 50 % success: {by_steps.algorithm}, {by_steps.steps_to_half:,.0f}."
    yield f"Shortest time to 50 % success: {by_time.algorithm}, {seconds(by_time.seconds_to_half)}."


def seconds(count: float | None) -> str:
    """Seconds as people say them."""
    if count is None:
        return "-"
    return f"{count:.0f} s" if count < 120 else f"{count / 60:.1f} min"


def _median(values: Sequence[float]) -> float | None:
    return statistics.median(values) if values else None
