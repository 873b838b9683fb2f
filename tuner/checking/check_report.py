"""What a check says: a verdict a line, the figures of each policy, the reward's terms. Plain data that travels."""

from dataclasses import asdict
from typing import Any

from tuner.record_type import Record
from tuner.verdicts import Line, Verdict, worst


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
