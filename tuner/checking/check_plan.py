"""How much a check looks at, from which seeds, and for how long."""

import time

from tuner import seeds
from tuner.record_type import Record

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
