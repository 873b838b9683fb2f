"""Rank statistics of two samples: superiority, the exact Mann-Whitney p, Holm's correction, detectable difference."""

import math
from collections.abc import Sequence
from functools import cache

import numpy as np
import scipy
from numpy.typing import NDArray

from tuner.statistics.intervals import FEW_SEEDS, Values

ALPHA = 0.05
POWER = 0.8
EFFICIENCY = 3 / math.pi  # asymptotic relative efficiency of the rank test to the t-test, for normal values
LARGEST_EFFECT = 50.0  # standard deviations


def superiority(first: Values, second: Values) -> float:
    """P(first > second) = U / (n m); a tie counts half."""
    above = np.sign(first[:, None] - second[None, :])
    return float((above.sum() + above.size) / (2 * above.size))


def permutation_p(first: Values, second: Values) -> float:
    """Two-sided p of the Mann-Whitney test over all permutations of the values, ties as they are.

    Equal to SciPy's `mannwhitneyu` with a `PermutationMethod` of all permutations (10¹¹ of them at 20 seeds each);
    here the distribution of the rank sum is counted rank by rank.
    """
    ranks = scipy.stats.rankdata(np.concatenate([first, second]))
    ranks = np.rint(2 * ranks).astype(np.int64)  # doubled: ties have halves
    observed = int(ranks[: len(first)].sum())
    chances = _rank_sums(ranks, len(first))
    return min(1.0, 2 * float(min(chances[: observed + 1].sum(), chances[observed:].sum())))


def _rank_sums(ranks: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    """Probability of every sum of `count` of the ranks: shape (sum of all ranks + 1,)."""
    most = int(ranks.sum())
    ways = np.zeros((count + 1, most + 1))  # [how many chosen, their sum]
    ways[0, 0] = 1
    for rank in ranks:
        ways[1:, rank:] += ways[:-1, : most + 1 - rank]
    return np.asarray(ways[-1] / ways[-1].sum(), dtype=np.float64)


def holm(p: Sequence[float]) -> list[float]:
    """Corrects p values by Holm's method, in the order given."""
    corrected = [0.0] * len(p)
    highest = 0.0
    for place, index in enumerate(np.argsort(p, kind="stable")):
        highest = max(highest, min(1.0, (len(p) - place) * p[index]))
        corrected[index] = highest
    return corrected


def smallest_difference(first: Values, second: Values, goals: int | None, comparisons: int = 1) -> float | None:
    """The smallest difference of means that so many seeds detect with a power of 80 %, at the observed spread.

    For two normal distributions with the pooled standard deviation of the samples and the two-sided rank test at the
    strictest level of Holm's correction (0.05 over the number of comparisons): the power of a t-test with 3/π of the
    seeds, at the highest level that so many ranks attain. For success rates the spread is at least the binomial one.

    Returns:
        None where nothing can be detected: under five seeds, where no p is small enough, where success rates cannot
        differ as much, or where returns have no spread.
    """
    n, m = len(first), len(second)
    if min(n, m) < FEW_SEEDS or (level := _attainable(n, m, ALPHA / max(comparisons, 1))) == 0:
        return None
    spread = math.sqrt(((n - 1) * first.var(ddof=1) + (m - 1) * second.var(ddof=1)) / (n + m - 2))
    if goals is not None:
        spread = max(spread, _goals_spread(np.concatenate([first, second]), goals))
    difference = _effect(EFFICIENCY * n, EFFICIENCY * m, level) * spread
    return None if spread == 0 or (goals is not None and difference > 1) else difference


@cache
def _attainable(n: int, m: int, level: float) -> float:
    """The highest p below a level that ranks without ties attain, 0 where there is none."""
    possible = 2 * np.cumsum(_rank_sums(np.arange(1, n + m + 1), n))
    return float(possible[possible < level].max(initial=0.0))


def _goals_spread(values: Values, goals: int) -> float:
    """Binomial standard deviation of a success rate; two successes and two failures are added so that it is never 0."""
    trials = len(values) * goals
    share = (float(values.mean()) * trials + 2) / (trials + 4)
    return math.sqrt(share * (1 - share) / goals)


@cache
def _effect(n: float, m: float, level: float) -> float:
    """The detectable difference, in standard deviations."""
    freedom = n + m - 2
    bound = scipy.stats.t.isf(level / 2, freedom)
    root = math.sqrt(n * m / (n + m))

    def missing(effect: float) -> float:
        return float(scipy.stats.nct.sf(bound, freedom, effect * root)) - POWER

    return float(scipy.optimize.brentq(missing, 0.0, LARGEST_EFFECT / root))
