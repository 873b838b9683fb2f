"""The answer of a confirmation as plain data: configurations, their comparisons, and the verdicts in words."""

from collections.abc import Collection
from dataclasses import asdict
from typing import Any, Literal

from tuner.record_type import Record

WINNER = "winner"  # the best tuned configuration
CURRENT, PROPOSED, DEFAULTS = "current", "proposed", "sb3-defaults"  # baselines: the PPO guide's two, and SB3's own
GUIDE = "guide-0.95"  # the PPO guide's defaults with its gamma for short episodes
KEPT = (CURRENT, DEFAULTS)  # the first of these that takes part is kept until another is shown to be better
Measure = Literal["success", "return", "score"]
Verdict = Literal["confirmed better", "probably better", "no evidence", "probably worse", "confirmed worse"]
COUNTS = dict(enumerate(("five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"), start=5))


class Interval(Record):
    """A confidence interval, of 95 % unless said otherwise."""

    low: float
    high: float

    @property
    def width(self) -> float:
        """`high` minus `low`."""
        return self.high - self.low


def training_seeds(count: int) -> str:
    """How many seeds stand behind a configuration, in words."""
    return "one training seed" if count == 1 else f"{count} training seeds"


def figure(value: float | None, measure: Measure, span: Interval | None = None, *, percent: str = ".0f") -> str:
    """A success rate in per cent (in the format `percent`), others in four digits, with the interval if given."""
    if value is None:
        return "-"
    said = f"{100 * value:{percent}}%" if measure == "success" else f"{value:.4g}"
    if span is None:
        return said
    return f"{said} [{figure(span.low, measure, percent=percent)}, {figure(span.high, measure, percent=percent)}]"


def points(value: float, measure: Measure, *, form: str = ".0f") -> str:
    """A difference: of success rates in percentage points (in that format), of others in four digits."""
    if measure != "success":
        return f"{value:.4g}"
    number = f"{100 * value:{form}}"
    return f"{number} point{'s' * (number not in ('1', '-1'))}"


def signed(value: float) -> str:
    """A difference with its sign, in three digits; what rounding alone leaves is +0."""
    return f"{round(value, 12) + 0.0:+.3g}"


def reference(names: Collection[str]) -> str | None:
    """The configuration among these that is kept until another is shown to be better; None if there is none."""
    return next((name for name in KEPT if name in names), None)


class ArmStatistics(Record):
    """One configuration over its training seeds."""

    name: str
    values: tuple[float, ...]  # by seed: success rates, or returns
    iqm: float | None  # interquartile mean; None without a seed
    iqm_interval: Interval | None  # None under three seeds
    mean: float | None
    mean_interval: Interval | None
    tuned: float | None = None  # its figure in tuning, in the same unit
    selection_bias: float | None = None  # `tuned` minus `mean`


class PairedTest(Record):
    """One configuration compared with another; a difference is the first minus the second."""

    first: str
    second: str
    seeds: tuple[int, int]
    superiority: float | None  # P(first > second), a tie counts half
    p: float | None  # of the exact two-sided Mann-Whitney test, over all permutations
    p_holm: float | None  # after Holm's correction for all comparisons of the answer
    difference: float | None  # of the IQMs
    interval: Interval | None  # of that difference
    smallest: float | None  # difference that these seeds detect with a power of 80 %; None if there is none
    verdict: Verdict

    @property
    def words(self) -> str:
        """The verdict as a sentence with its figures."""
        said = f"{self.first} is {self.verdict} than {self.second}"
        if self.verdict == "no evidence":
            keep = f" (keep {self.second})" if self.second in KEPT else ""
            said = f"no evidence that {'the ' * (self.first == WINNER)}{self.first} beats {self.second}{keep}"
        return f"{said}{self._figures()}"

    def detectable(self, measure: Measure) -> str:
        """The smallest difference that so many seeds can detect, in words; empty where there is none."""
        seeds = min(self.seeds)
        said = f"smallest difference that {COUNTS.get(seeds, seeds)} seeds can detect: "
        return "" if self.smallest is None else said + points(self.smallest, measure)

    def _figures(self) -> str:
        if self.difference is None or self.superiority is None or self.p_holm is None:
            return " (a configuration has no seed)"
        span = f" [{signed(self.interval.low)}, {signed(self.interval.high)}]" if self.interval else ""
        return (
            f": IQM {signed(self.difference)}{span}, P({self.first} > {self.second}) {self.superiority:.2f}, "
            f"p {self.p_holm:.2g} (Holm)"
        )

    def data(self) -> dict[str, Any]:
        """As JSON."""
        return {**asdict(self), "seeds": list(self.seeds), "words": self.words}


class Answer(Record):
    """All configurations and comparisons of a confirmation."""

    goals: int | None  # evaluation episodes of each seed; None where the values are returns
    arms: tuple[ArmStatistics, ...]
    comparisons: tuple[PairedTest, ...]

    def arm(self, name: str) -> ArmStatistics:
        """The configuration of that name.

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
