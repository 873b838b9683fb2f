"""From the values of every arm by seed to an answer: intervals, comparisons, verdicts."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from tuner.statistics import intervals
from tuner.statistics.answer_records import CURRENT, WINNER, Answer, ArmStatistics, Interval, PairedTest, Verdict
from tuner.statistics.ranks import ALPHA, holm, permutation_p, smallest_difference, superiority

PROBABLE = 0.8  # P(A > B) from which A is probably better


def answer(
    arms: Mapping[str, Sequence[float]],
    goals: int | None,
    rng: np.random.Generator,
    *,
    tuned: Mapping[str, float] | None = None,
    resamples: int = intervals.RESAMPLES,
) -> Answer:
    """Holds every arm against every other: the winner first, the current configuration last.

    Args:
        arms: Values by seed of each, up to three: success as a share of `goals`, or returns. Seeds need not be as many
            in each. A run that diverged counts as what it came to; leaving it out would flatter its arm.
        goals: Episodes behind each share; None where the values are returns.
        rng: Draws the resamples of every interval.
        tuned: What tuning said of an arm, in the unit of its values; its selection_bias is this minus the mean.
        resamples: Of each bootstrap.

    Raises:
        ValueError: A value is not finite or no share, `goals` is not at least 1, or `tuned` names no arm.
    """
    values = {name: _checked(name, given, goals) for name, given in arms.items()}
    tuned = {} if tuned is None else tuned
    if strangers := set(tuned) - set(values):
        raise ValueError(f"tuned names {', '.join(sorted(strangers))}, and the arms are {', '.join(values)}")
    pairs = _pairs(values)
    return Answer(
        goals=goals,
        arms=tuple(_arm(name, given, goals, rng, tuned.get(name), resamples) for name, given in values.items()),
        comparisons=_corrected(
            [_comparison(pair, values, goals, rng, len(pairs), resamples=resamples) for pair in pairs]
        ),
    )


def verdict(seeds: int, superiority: float | None, p_holm: float | None, interval: Interval | None) -> Verdict:
    """In words.

    Args:
        seeds: Of the arm that has fewer.
        superiority: P(first > second).
        p_holm: Corrected for all comparisons.
        interval: Of the difference of the IQMs.
    """
    if superiority is None or seeds < intervals.LEAST_SEEDS:
        return "not shown"
    if seeds >= intervals.FEW_SEEDS and interval is not None and p_holm is not None and p_holm < ALPHA:
        if interval.low > 0:
            return "confirmed better"
        if interval.high < 0:
            return "confirmed worse"
    if superiority >= PROBABLE:
        return "probably better"
    return "probably worse" if 1 - superiority >= PROBABLE else "not shown"


def recommended(found: Answer) -> str:
    """The arm to go on with: the winner where it is (confirmed or probably) better than the reference, else that.

    The reference is the current configuration, else the other arm of the highest IQM; another that is confirmed better
    than it takes its place.

    Raises:
        ValueError: There is no arm.
    """
    names = [arm.name for arm in found.arms]
    others = [arm for arm in found.arms if arm.name != WINNER]
    if not others:
        return names[0] if names else _no_arm()
    highest = max(others, key=_height).name
    reference = CURRENT if CURRENT in names else highest
    said = {(one.first, one.second): one.verdict for one in found.comparisons}
    better = [arm for arm in others if said.get((arm.name, reference)) == "confirmed better"]
    reference = max(better, key=_height).name if better else reference
    return WINNER if said.get((WINNER, reference)) in ("confirmed better", "probably better") else reference


def _height(arm: ArmStatistics) -> float:
    return -np.inf if arm.iqm is None else arm.iqm


def _no_arm() -> str:
    raise ValueError("an answer without an arm recommends nothing")


def _checked(name: str, given: Sequence[float], goals: int | None) -> intervals.Values:
    if goals is not None and goals < 1:
        raise ValueError(f"goals is {goals}, and must be at least 1")
    values = np.asarray(given, dtype=np.float64)
    if values.ndim != 1:
        raise ValueError(f"{name}: values by seed have one dimension, not {values.ndim}")
    for value in values:
        if not np.isfinite(value):
            raise ValueError(f"{name}: {value} is not finite")
        if goals is not None and not 0 <= value <= 1:
            raise ValueError(f"{name}: {value:g} is no share between 0 and 1 (goals=None takes returns)")
    return values


def _pairs(values: Mapping[str, intervals.Values]) -> list[tuple[str, str]]:
    """Winner and current, winner and proposed, proposed and current."""
    order = {WINNER: 0, CURRENT: 1}
    by_interest = sorted(values, key=lambda name: order.get(name, 2))
    pairs = list(combinations(by_interest, 2))
    return [(second, first) if first == CURRENT else (first, second) for first, second in pairs]


def _arm(
    name: str,
    values: intervals.Values,
    goals: int | None,
    rng: np.random.Generator,
    tuned: float | None,
    resamples: int,
) -> ArmStatistics:
    mean = float(values.mean()) if len(values) else None
    return ArmStatistics(
        name=name,
        values=tuple(float(value) for value in values),
        iqm=intervals.iqm(values) if len(values) else None,
        iqm_interval=intervals.iqm_interval(values, goals, rng, resamples=resamples),
        mean=mean,
        mean_interval=intervals.mean_interval(values, goals, rng, resamples=resamples),
        tuned=tuned,
        selection_bias=None if tuned is None or mean is None else tuned - mean,
    )


def _comparison(
    pair: tuple[str, str],
    values: Mapping[str, intervals.Values],
    goals: int | None,
    rng: np.random.Generator,
    comparisons: int,
    *,
    resamples: int,
) -> PairedTest:
    """Not yet corrected for the others, and without its verdict."""
    first, second = values[pair[0]], values[pair[1]]
    there = len(first) > 0 and len(second) > 0
    return PairedTest(
        first=pair[0],
        second=pair[1],
        seeds=(len(first), len(second)),
        superiority=superiority(first, second) if there else None,
        p=permutation_p(first, second) if there else None,
        p_holm=None,
        difference=intervals.iqm(first) - intervals.iqm(second) if there else None,
        interval=intervals.difference_interval(first, second, goals, rng, resamples=resamples),
        smallest=smallest_difference(first, second, goals, comparisons),
        verdict="not shown",
    )


def _corrected(comparisons: Sequence[PairedTest]) -> tuple[PairedTest, ...]:
    """With Holm's p and the verdicts."""
    corrected = iter(holm([comparison.p for comparison in comparisons if comparison.p is not None]))
    done = []
    for comparison in comparisons:
        p = None if comparison.p is None else next(corrected)
        said = verdict(min(comparison.seeds), comparison.superiority, p, comparison.interval)
        done.append(replace(comparison, p_holm=p, verdict=said))
    return tuple(done)
