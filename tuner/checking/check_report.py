"""The plan of a check (episodes, seeds, time) and its report, as plain data."""

import time
from dataclasses import asdict
from typing import Any, Literal

from tuner import seeds
from tuner.record_type import Record
from tuner.records import Signals
from tuner.verdicts import Line, Verdict, worst

EPISODES = 100  # per policy
QUICK_SECONDS = 10.0
PROBE_SHARE = 0.25  # of the time, for the probes


class CheckPlan(Record):
    """The seeds of the episodes, the same for every policy, and a time limit."""

    goals: tuple[int, ...]
    seconds: float | None = None  # None: no limit
    success_key: str | None = None  # where the user named the key of `info`
    when: Literal["end", "any"] = "end"  # any: success at any step
    at_least: float | None = None  # from where on a number is a success
    entry: str | None = None  # the key of `info` whose number the objective reads


def full(episodes: int = EPISODES) -> CheckPlan:
    """All episodes, without a time limit."""
    return CheckPlan(goals=seeds.check_goals(episodes))


def quick(seconds: float = QUICK_SECONDS) -> CheckPlan:
    """As many of the episodes as fit into the time."""
    return CheckPlan(goals=seeds.check_goals(EPISODES), seconds=seconds)


class Budget:
    """A time limit, counted from its creation; without seconds there is none."""

    def __init__(self, seconds: float | None) -> None:
        self._end = None if seconds is None else time.perf_counter() + seconds

    def part(self, share: float) -> "Budget":
        """A limit of this share of the remaining time, counted from now."""
        return Budget(None if self._end is None else max(self._end - time.perf_counter(), 0.0) * share)

    def spent(self) -> bool:
        """Whether the time is over."""
        return self._end is not None and time.perf_counter() >= self._end


class PolicyRow(Record):
    """The figures of one policy; None where no episode ended, or `info` does not report them."""

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
    """The results of a check."""

    environment: str
    seconds: float
    first_seed: int
    policies: tuple[PolicyRow, ...]
    terms: tuple[TermRow, ...]
    lines: tuple[Line, ...]
    signals: Signals = Signals(success=None)  # how success and distance are to be read
    observations: str = "flat"  # their kind, which chooses the policy
    shifted: bool = False  # whether a space begins elsewhere than at 0, so that wrappers shift it
    normalize: tuple[str, ...] = ()  # what SB3's VecNormalize should scale: norm_obs, norm_reward

    @property
    def verdict(self) -> Verdict:
        """The verdict of the worst line."""
        return worst(self.lines)

    def of(self, verdict: Verdict) -> list[Line]:
        """The lines with a verdict."""
        return [line for line in self.lines if line.verdict == verdict]

    def data(self) -> dict[str, Any]:
        """As JSON."""
        return {"verdict": self.verdict, **asdict(self)}
