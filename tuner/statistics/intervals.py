"""95 % confidence intervals that keep their coverage with few seeds (measured in docs/explanation/statistics.md)."""

import math

import numpy as np
import scipy
from numpy.typing import NDArray

from tuner.statistics.answer_records import Interval

Values = NDArray[np.float64]  # (seeds,)

RESAMPLES = 10_000
TAIL = 0.025
QUARTER = 0.25
ENOUGH_SEEDS = 10  # fewer: the bootstrap-t uses its lower floor of the spread, and its intervals get wider
FEW_SEEDS = 5  # fewer: not even the whole range of the values covers the IQM in 95 %
LEAST_SEEDS = 3  # fewer: no interval is given


def iqm(values: Values) -> float:
    """Interquartile mean: the lowest and highest quarter (rounded down) are left out (Agarwal et al. 2021)."""
    return float(scipy.stats.trim_mean(values, QUARTER))


def wilson(share: float, trials: int) -> Interval:
    """Wilson's score interval of a success rate over `trials` independent episodes."""
    found = scipy.stats.binomtest(round(share * trials), trials).proportion_ci(1 - 2 * TAIL, method="wilson")
    return Interval(low=float(found.low), high=float(found.high))


def mean_interval(
    values: Values, goals: int | None, rng: np.random.Generator, *, resamples: int = RESAMPLES
) -> Interval | None:
    """Interval of the mean by the bootstrap-t, with a floor under the spread of the resamples.

    Resamples of few seeds often repeat one value; their spread is then nearly zero and their t unbounded. A floor of
    half the values' own spread (a quarter under ten seeds) keeps the coverage without unbounded intervals.

    Args:
        values: By seed.
        goals: Evaluation episodes behind each value where values are success rates; None for returns.
        rng: Draws the resamples.
        resamples: Number of resamples.

    Returns:
        None under three seeds, and for returns that are all equal.
    """
    count = len(values)
    if count < LEAST_SEEDS:
        return None
    mean, spread = float(values.mean()), float(values.std(ddof=1))
    if np.ptp(values) == 0:
        return _pooled(mean, count, goals)
    floor = 0.5 if count >= ENOUGH_SEEDS else 0.25
    drawn = _resample(values, rng, resamples)
    spreads = np.maximum(drawn.std(axis=1, ddof=1), floor * spread)
    low, high = np.quantile((drawn.mean(axis=1) - mean) / spreads, [TAIL, 1 - TAIL])
    return _within(mean - high * spread, mean - low * spread, goals)


def iqm_interval(
    values: Values, goals: int | None, rng: np.random.Generator, *, resamples: int = RESAMPLES
) -> Interval | None:
    """Interval of the IQM by the percentile bootstrap, its level raised to that of Student's t for so many seeds.

    At the nominal level it is too narrow with few seeds (it covers 92 to 95 % at ten, less at five). Under five seeds
    even the range of the values is too narrow, and the interval is extended to include that of the mean.

    Arguments and result are those of `mean_interval`.
    """
    count = len(values)
    if count < LEAST_SEEDS:
        return None
    found = _percentiles(scipy.stats.trim_mean(_resample(values, rng, resamples), QUARTER, axis=1), count)
    if found.width == 0:
        return _pooled(iqm(values), count, goals)
    if count < FEW_SEEDS and (wider := mean_interval(values, goals, rng, resamples=resamples)) is not None:
        return Interval(low=min(found.low, wider.low), high=max(found.high, wider.high))
    return found


def difference_interval(
    first: Values, second: Values, goals: int | None, rng: np.random.Generator, *, resamples: int = RESAMPLES
) -> Interval | None:
    """Interval of the difference of the IQMs, first minus second, by the same bootstrap as `iqm_interval`.

    With under five seeds, or where all seeds of a configuration have the same success rate, resamples vary too little:
    the intervals of the two IQMs are combined instead (Zou and Donner 2008; with Wilson's, that is Newcombe 1998).

    Returns:
        None where a configuration has no interval of its own and resamples do not vary.
    """
    fewest = min(len(first), len(second))
    if fewest < LEAST_SEEDS:
        return None
    flat = goals is not None and (np.ptp(first) == 0 or np.ptp(second) == 0)
    if fewest >= FEW_SEEDS and not flat:
        drawn = [
            scipy.stats.trim_mean(_resample(values, rng, resamples), QUARTER, axis=1) for values in (first, second)
        ]
        found = _percentiles(drawn[0] - drawn[1], fewest)
        if found.width > 0:
            return found
    mine = iqm_interval(first, goals, rng, resamples=resamples)
    theirs = iqm_interval(second, goals, rng, resamples=resamples)
    return None if mine is None or theirs is None else _apart(iqm(first), mine, iqm(second), theirs)


def _apart(first: float, mine: Interval, second: float, theirs: Interval) -> Interval:
    """The interval of a difference from the intervals of its two terms."""
    below = math.hypot(first - mine.low, theirs.high - second)
    above = math.hypot(mine.high - first, second - theirs.low)
    return Interval(low=first - second - below, high=first - second + above)


def _resample(values: Values, rng: np.random.Generator, resamples: int) -> Values:
    """Shape (resamples, seeds)."""
    return values[rng.integers(len(values), size=(resamples, len(values)))]


def _percentiles(drawn: Values, count: int) -> Interval:
    low, high = np.quantile(drawn, [_tail(count), 1 - _tail(count)])
    return Interval(low=float(low), high=float(high))


def _tail(count: int) -> float:
    """Probability to cut off at either end: that of a normal distribution beyond the 2.5 % quantile of Student's t."""
    return float(scipy.stats.norm.sf(scipy.stats.t.isf(TAIL, count - 1)))


def _pooled(share: float, count: int, goals: int | None) -> Interval | None:
    """The interval where seeds do not vary: that of their pooled episodes; None for returns."""
    return None if goals is None else wilson(share, count * goals)


def _within(low: float, high: float, goals: int | None) -> Interval:
    """The interval, cut to 0 … 1 for success rates."""
    if goals is None:
        return Interval(low=float(low), high=float(high))
    return Interval(low=max(0.0, float(low)), high=min(1.0, float(high)))
