"""Intervals of 95 % that hold their coverage over few seeds (measured: docs/statistics.md)."""

import math

import numpy as np
import scipy
from numpy.typing import NDArray

from tuner.statistics.answer_records import Interval

Values = NDArray[np.float64]  # (seeds,)

RESAMPLES = 10_000
TAIL = 0.025
QUARTER = 0.25
ENOUGH_SEEDS = 10  # under which the bootstrap-t takes its wider floor
FEW_SEEDS = 5  # under which not even the whole range of the values covers the IQM in 95 %
LEAST_SEEDS = 3  # under which no interval is worth its name


def iqm(values: Values) -> float:
    """Interquartile mean: without the lowest and highest quarter of the values, rounded down (Agarwal et al. 2021)."""
    return float(scipy.stats.trim_mean(values, QUARTER))


def wilson(share: float, trials: int) -> Interval:
    """Wilson's score interval of a share of so many trials."""
    found = scipy.stats.binomtest(round(share * trials), trials).proportion_ci(1 - 2 * TAIL, method="wilson")
    return Interval(low=float(found.low), high=float(found.high))


def mean_interval(
    values: Values, goals: int | None, rng: np.random.Generator, *, resamples: int = RESAMPLES
) -> Interval | None:
    """Of the mean, by the bootstrap-t with a floor under the resamples' spread.

    Resamples of few seeds often repeat one value; their spread is then nearly zero and their t boundless. A floor of
    half the values' own spread (a quarter under ten seeds) keeps the coverage without boundless intervals.

    Args:
        values: By seed.
        goals: Episodes behind each value, where values are shares; else None.
        rng: Draws the resamples.
        resamples: How many.

    Returns:
        None under three seeds, and where all agree and are no shares.
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
    """Of the IQM, by the percentile bootstrap, calibrated: its level is Student's t's for so many seeds.

    At the plain level it is too narrow over few seeds (92 to 95 % at ten, less at five).

    Under five seeds the values' range is too narrow, and the mean's interval is added to it.

    Takes and returns what `mean_interval` does.
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
    """Of the IQM of the first less that of the second, by the percentile bootstrap, as `iqm_interval`.

    Where seeds are under five, or all of an arm agree on a share, resamples vary too little: the two arms' own
    intervals are put together instead (Zou and Donner 2008; with Wilson's, that is Newcombe 1998).

    Returns:
        None where an arm has no interval of its own and resamples do not vary.
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
    """The interval of a difference from the intervals of its two sides."""
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
    """What to leave out at either end: where a normal law has what Student's t has beyond its 2.5 %."""
    return float(scipy.stats.norm.sf(scipy.stats.t.isf(TAIL, count - 1)))


def _pooled(share: float, count: int, goals: int | None) -> Interval | None:
    """Where seeds do not vary, what the goals alone can tell."""
    return None if goals is None else wilson(share, count * goals)


def _within(low: float, high: float, goals: int | None) -> Interval:
    """Shares end at 0 and 1."""
    if goals is None:
        return Interval(low=float(low), high=float(high))
    return Interval(low=max(0.0, float(low)), high=min(1.0, float(high)))
