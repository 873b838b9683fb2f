"""An answer over seeds: every arm, every comparison, and what they come to in words. Plain data."""

from dataclasses import asdict
from typing import Any, Literal

from tuner.record_type import Record

WINNER = "winner"  # of the trials that were tuned
CURRENT = "current"  # the configuration that is kept until another is shown to be better
Measure = Literal["success", "return"]
Verdict = Literal["confirmed better", "probably better", "not shown", "probably worse", "confirmed worse"]


class Interval(Record):
    """Of 95 % confidence."""

    low: float
    high: float

    @property
    def width(self) -> float:
        """From end to end."""
        return self.high - self.low


def figure(value: float | None, measure: Measure, span: Interval | None = None, *, percent: str = ".0f") -> str:
    """A success rate in per cent (in that form), a return in four digits; with its interval where there is one."""
    if value is None:
        return "-"
    said = f"{100 * value:{percent}}%" if measure == "success" else f"{value:.4g}"
    if span is None:
        return said
    return f"{said} [{figure(span.low, measure, percent=percent)}, {figure(span.high, measure, percent=percent)}]"


class ArmStatistics(Record):
    """One configuration over its seeds."""

    name: str
    values: tuple[float, ...]  # by seed: shares of goals, or returns
    iqm: float | None  # interquartile mean; None without a seed
    iqm_interval: Interval | None  # None where so little tells nothing (under three seeds)
    mean: float | None
    mean_interval: Interval | None
    tuned: float | None = None  # what tuning said of it, in the same unit
    selection_bias: float | None = None  # `tuned` minus `mean`


class PairedTest(Record):
    """One arm against another; all figures are of the first, from the second."""

    first: str
    second: str
    seeds: tuple[int, int]
    superiority: float | None  # P(first > second), ties for half
    p: float | None  # Mann-Whitney, exact over all permutations, two-sided
    p_holm: float | None  # corrected for all comparisons of the answer
    difference: float | None  # of the IQMs
    interval: Interval | None
    smallest: float | None  # difference that so many seeds show in four of five cases; None where there is none
    verdict: Verdict

    @property
    def words(self) -> str:
        """The verdict as a sentence with its figures."""
        said = f"{self.first} is {self.verdict} than {self.second}"
        if self.verdict == "not shown":
            keep = f" (keep {CURRENT})" if self.second == CURRENT else ""
            said = f"that {self.first} is better than {self.second} is not shown{keep}"
        return f"{said}{self._figures()}"

    def _figures(self) -> str:
        if self.difference is None or self.superiority is None or self.p_holm is None:
            return " (an arm has no seed)"
        span = f" [{self.interval.low:+.3g}, {self.interval.high:+.3g}]" if self.interval else ""
        return (
            f": IQM {self.difference:+.3g}{span}, P({self.first} > {self.second}) {self.superiority:.2f}, "
            f"p {self.p_holm:.2g} (Holm)"
        )

    def data(self) -> dict[str, Any]:
        """As JSON."""
        return {**asdict(self), "seeds": list(self.seeds), "words": self.words}


class Answer(Record):
    """Everything that seeds showed."""

    goals: int | None  # of each seed's evaluation; None where the values are returns
    arms: tuple[ArmStatistics, ...]
    comparisons: tuple[PairedTest, ...]

    def arm(self, name: str) -> ArmStatistics:
        """The arm of that name.

        Raises:
            KeyError: There is none.
        """
        return {arm.name: arm for arm in self.arms}[name]

    def data(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "goals": self.goals,
            "arms": [arm.data() for arm in self.arms],
            "comparisons": [comparison.data() for comparison in self.comparisons],
        }
