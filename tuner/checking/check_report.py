"""How much a check looks at, from which seeds and for how long, and what it says: plain data that travels."""

import time
from dataclasses import asdict
from typing import Any

from tuner import seeds
from tuner.record_type import Record
from tuner.verdicts import Line, Verdict, worst

EPISODES = 100  # a policy
QUICK_SECONDS = 10.0
PROBE_SHARE = 0.25  # of the time, for the probes


class CheckPlan(Record):
    """The episodes' seeds, the same for every policy, and a bound on the time."""

    goals: tuple[int, ...]
    seconds: float | None = None  # None: as long as it takes


def full(episodes: int = EPISODES) -> CheckPlan:
    """All episodes, however long they take."""
    return CheckPlan(goals=seeds.check_goals(episodes))


def quick(seconds: float = QUICK_SECONDS) -> CheckPlan:
    """As many of the episodes as fit."""
    return CheckPlan(goals=seeds.check_goals(EPISODES), seconds=seconds)


class Budget:
    """The time that is left."""

    def __init__(self, seconds: float | None) -> None:
        self._end = None if seconds is None else time.perf_counter() + seconds

    def part(self, share: float) -> "Budget":
        """A share of what is left, from now on."""
        return Budget(None if self._end is None else max(self._end - time.perf_counter(), 0.0) * share)

    def spent(self) -> bool:
        """Whether nothing is left."""
        return self._end is not None and time.perf_counter() >= self._end


class PolicyRow(Record):
    """What one policy came to; None where no episode ended, or `info` tells nothing of it."""

    policy: str
    episodes: int
    success: float | None  # share of episodes
    mean_return: float | None
    deviation: float | None  # of the returns
    lowest: float | None
    highest: float | None
    length: float | None  # control steps
    timeouts: float | None  # share of episodes
    start_distance: float | None
    distance: float | None  # at the end
    steps_per_second: float


class TermRow(Record):
    """One reward term under one policy."""

    policy: str
    term: str
    share: float  # of the sum of all terms' mean sizes
    per_episode: float  # mean sum over an episode


class CheckReport(Record):
    """A whole check."""

    environment: str
    seconds: float
    first_seed: int
    policies: tuple[PolicyRow, ...]
    terms: tuple[TermRow, ...]
    lines: tuple[Line, ...]

    @property
    def verdict(self) -> Verdict:
        """That of the worst line."""
        return worst(self.lines)

    def of(self, verdict: Verdict) -> list[Line]:
        """The lines with a verdict."""
        return [line for line in self.lines if line.verdict == verdict]

    def data(self) -> dict[str, Any]:
        """As JSON."""
        return {"verdict": self.verdict, **asdict(self)}
