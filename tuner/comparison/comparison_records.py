"""What a comparison is made of. Plain data."""

from typing import Any, Literal

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
