"""From the values of every configuration by seed to an answer: intervals, comparisons, verdicts."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from tuner.statistics import intervals
from tuner.statistics.answer_records import WINNER, Answer, ArmStatistics, Interval, PairedTest, Verdict, reference
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
    """Compares every configuration with every other: the winner first, the reference last.

    Args:
        arms: Values by seed of each configuration, by name: success rates over `goals` episodes, or returns. Numbers
            of seeds may differ. A run that diverged must be in it; leaving it out would flatter its configuration.
        goals: Evaluation episodes behind each success rate; None where the values are returns.
        rng: Draws the resamples of every interval.
        tuned: Figures of tuning by name, in the unit of the values; the selection bias is this minus the mean.
        resamples: Number of resamples of each bootstrap.

    Raises:
        ValueError: A value is not finite or no success rate, `goals` is under 1, or `tuned` has an unknown name.
    """
    values = {name: _checked(name, given, goals) for name, given in arms.items()}
    tuned = {} if tuned is None else tuned
    if strangers := set(tuned) - set(values):
        raise ValueError(f"tuned: unknown {', '.join(sorted(strangers))}; the configurations are {', '.join(values)}")
    pairs = _pairs(values)
    return Answer(
        goals=goals,
        arms=tuple(_arm(name, given, goals, rng, tuned.get(name), resamples) for name, given in values.items()),
        comparisons=_corrected(
            [_comparison(pair, values, goals, rng, len(pairs), resamples=resamples) for pair in pairs]
        ),
    )


def verdict(seeds: int, superiority: float | None, p_holm: float | None, interval: Interval | None) -> Verdict:
    """The verdict on a comparison.

    Args:
        seeds: The smaller number of seeds of the two.
        superiority: P(first > second).
        p_holm: p after Holm's correction for all comparisons.
        interval: Interval of the difference of the IQMs.
    """
    if superiority is None or seeds < intervals.LEAST_SEEDS:
        return "no evidence"
    if seeds >= intervals.FEW_SEEDS and interval is not None and p_holm is not None and p_holm < ALPHA:
        if interval.low > 0:
            return "confirmed better"
        if interval.high < 0:
            return "confirmed worse"
    if superiority >= PROBABLE:
        return "probably better"
    return "probably worse" if 1 - superiority >= PROBABLE else "no evidence"


def recommended(found: Answer) -> str:
    """Name of the recommended configuration: the winner if confirmed or probably better than the reference, else that.

    The reference is `current` or `sb3-defaults` (without them, the other of the highest IQM); a baseline that is
    confirmed better takes its place.

    Raises:
        ValueError: There is no configuration.
    """
    names = [arm.name for arm in found.arms]
    others = [arm for arm in found.arms if arm.name != WINNER]
    if not others:
        return names[0] if names else _no_arm()
    highest = max(others, key=_height).name
    kept = reference(names) or highest
    said = {(one.first, one.second): one.verdict for one in found.comparisons}
    better = [arm for arm in others if said.get((arm.name, kept)) == "confirmed better"]
    kept = max(better, key=_height).name if better else kept
    return WINNER if said.get((WINNER, kept)) in ("confirmed better", "probably better") else kept


def _height(arm: ArmStatistics) -> float:
    return -np.inf if arm.iqm is None else arm.iqm


def _no_arm() -> str:
    raise ValueError("an answer without a configuration recommends nothing")


def _checked(name: str, given: Sequence[float], goals: int | None) -> intervals.Values:
    if goals is not None and goals < 1:
        raise ValueError(f"goals is {goals}, must be at least 1")
    values = np.asarray(given, dtype=np.float64)
    if values.ndim != 1:
        raise ValueError(f"{name}: values by seed must have one dimension, not {values.ndim}")
    for value in values:
        if not np.isfinite(value):
            raise ValueError(f"{name}: {value} is not finite")
        if goals is not None and not 0 <= value <= 1:
            raise ValueError(f"{name}: {value:g} is no success rate from 0 to 1 (for returns, goals=None)")
    return values


def _pairs(values: Mapping[str, intervals.Values]) -> list[tuple[str, str]]:
    """Winner and reference, winner and other, other and reference."""
    last = reference(values)
    order = {WINNER: 0, last: 1}
    by_interest = sorted(values, key=lambda name: order.get(name, 2))
    pairs = list(combinations(by_interest, 2))
    return [(second, first) if first == last else (first, second) for first, second in pairs]


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
    """A comparison before Holm's correction, without its verdict."""
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
        verdict="no evidence",
    )


def _corrected(comparisons: Sequence[PairedTest]) -> tuple[PairedTest, ...]:
    """The comparisons with Holm's p and their verdicts."""
    corrected = iter(holm([comparison.p for comparison in comparisons if comparison.p is not None]))
    done = []
    for comparison in comparisons:
        p = None if comparison.p is None else next(corrected)
        said = verdict(min(comparison.seeds), comparison.superiority, p, comparison.interval)
        done.append(replace(comparison, p_holm=p, verdict=said))
    return tuple(done)
