import math
from collections.abc import Callable

import numpy as np
import pytest
from known_arms import ARMS, GOALS, KnownArm
from numpy.typing import NDArray
from scipy import stats

from tuner.statistics.answer_records import Interval
from tuner.statistics.intervals import (
    difference_interval,
    iqm,
    iqm_interval,
    mean_interval,
    wilson,
)

Find = Callable[..., Interval | None]
REPEATS = 250
RESAMPLES = 400


def rng() -> np.random.Generator:
    return np.random.default_rng(3)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param([0.3], 0.3, id="one seed"),
        pytest.param([0.0, 0.3, 0.9], 0.4, id="three seeds leave nothing out"),
        pytest.param([0.9, 0.0, 0.2, 0.4], 0.3, id="four leave out one at either end"),
        pytest.param([0.0, 0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 1.0, 1.0], 0.35, id="ten leave out two"),
    ],
)
def test_iqm(values: list[float], expected: float) -> None:
    assert iqm(np.array(values)) == pytest.approx(expected)


def level(seeds: int) -> float:
    """Two-sided level at which a normal distribution is cut where Student's t leaves 2.5 % at either end."""
    return float(1 - 2 * stats.norm.cdf(-stats.t.ppf(0.975, seeds - 1)))


def trimmed(*drawn: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """The IQM of the first, minus that of the second if there is one."""
    means = [stats.trim_mean(values, 0.25, axis=axis) for values in drawn]
    return np.asarray(means[0] - means[1] if len(means) > 1 else means[0])


@pytest.mark.parametrize("count", [5, 10, 20])
def test_iqm_interval_is_scipys_percentile_bootstrap_at_a_raised_level(count: int) -> None:
    values = np.linspace(0, 1, count) ** 2
    found = iqm_interval(values, GOALS, rng(), resamples=40_000)
    theirs = stats.bootstrap(
        (values,), trimmed, method="percentile", confidence_level=level(count), n_resamples=40_000, rng=rng()
    ).confidence_interval
    assert found is not None
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=0.01)


def test_difference_interval_is_scipys_percentile_bootstrap_of_both_by_the_fewer_seeds() -> None:
    first, second = np.linspace(0.4, 0.9, 10), np.linspace(0.1, 0.5, 12)
    found = difference_interval(first, second, GOALS, rng(), resamples=40_000)
    theirs = stats.bootstrap(
        (first, second), trimmed, method="percentile", confidence_level=level(10), n_resamples=40_000, rng=rng()
    ).confidence_interval
    assert found is not None
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=0.01)


@pytest.mark.parametrize("find", [iqm_interval, mean_interval], ids=["IQM", "mean"])
@pytest.mark.parametrize("share", [0.0, 0.42, 1.0])
def test_where_all_seeds_agree_it_is_wilson_over_the_pooled_episodes(find: Find, share: float) -> None:
    found = find(np.full(10, share), GOALS, rng())
    assert found == wilson(share, 1000)
    assert found.width > 0
    assert found.low <= share <= found.high


def test_wilson_by_hand() -> None:
    found = wilson(0.0, 1000)
    z = 1.959964
    assert found.low == 0
    assert found.high == pytest.approx(z**2 / (1000 + z**2), rel=1e-6)


@pytest.mark.parametrize("find", [iqm_interval, mean_interval], ids=["IQM", "mean"])
def test_equal_returns_have_no_interval(find: Find) -> None:
    assert find(np.full(10, -200.0), None, rng()) is None


@pytest.mark.parametrize("find", [iqm_interval, mean_interval], ids=["IQM", "mean"])
@pytest.mark.parametrize("count", [0, 1, 2])
def test_under_three_seeds_there_is_none(find: Find, count: int) -> None:
    assert find(np.linspace(0.2, 0.4, count), GOALS, rng()) is None


@pytest.mark.parametrize("find", [iqm_interval, mean_interval], ids=["IQM", "mean"])
@pytest.mark.parametrize("count", [3, 4, 5, 9, 10, 30])
def test_intervals_hold_the_middle_within_0_and_1(find: Find, count: int) -> None:
    values = np.linspace(0.02, 0.98, count)
    found = find(values, GOALS, rng())
    assert found is not None
    assert 0 <= found.low < 0.5 < found.high <= 1


def test_returns_are_not_cut_to_0_and_1() -> None:
    found = mean_interval(np.array([-300.0, -100.0, 50.0]), None, rng())
    assert found is not None
    assert found.low < -300
    assert found.high > 50


def test_one_outlier_among_many_leaves_no_interval_of_width_zero() -> None:
    values = np.array([1.0] * 29 + [0.9])
    found = iqm_interval(values, GOALS, rng())
    assert found == wilson(1.0, 3000)
    apart = difference_interval(values, values, GOALS, rng())
    assert apart is not None
    assert apart.low < 0 < apart.high


def test_the_difference_of_two_configurations_without_spread_is_newcombes() -> None:
    found = difference_interval(np.ones(10), np.zeros(10), GOALS, rng())
    each = z2 / (1000 + z2) if (z2 := stats.norm.isf(0.025) ** 2) else 0.0
    assert found is not None
    assert found.low == pytest.approx(1 - math.sqrt(2) * each, rel=1e-6)
    assert found.high == pytest.approx(1)


def test_a_difference_from_returns_without_spread_has_the_interval_of_the_other() -> None:
    values = np.linspace(-150.0, -100.0, 10)
    found = difference_interval(values, np.full(10, -200.0), None, np.random.default_rng(0))
    alone = iqm_interval(values, None, np.random.default_rng(0))
    assert found is not None
    assert alone is not None
    assert (found.low, found.high) == pytest.approx((alone.low + 200, alone.high + 200), abs=2)
    assert difference_interval(np.full(10, -100.0), np.full(10, -200.0), None, rng()) is None


def test_the_same_generator_gives_the_same_interval() -> None:
    values = np.linspace(0.1, 0.9, 10)
    assert iqm_interval(values, GOALS, rng()) == iqm_interval(values, GOALS, rng())
    assert mean_interval(values, GOALS, rng()) == mean_interval(values, GOALS, rng())


def held(
    find: Callable[[NDArray[np.float64], np.random.Generator], Interval | None], truth: float, arm: KnownArm
) -> float:
    """How often an interval over ten seeds contains the true value."""
    drawn = np.random.default_rng(11)
    found = [find(values, drawn) for values in arm.draw(10, drawn, REPEATS)]
    return float(np.mean([one is not None and one.low - 1e-9 <= truth <= one.high + 1e-9 for one in found]))


SPREAD = [arm for arm in ARMS if arm.name in ("0.7 sd 0.2", "0.97 sd 0.03", "3 of 10 fail")]


def within(share: float) -> bool:
    """92 to 98 %, with three standard errors of so few repeats."""
    error = 3 * math.sqrt(0.05 * 0.95 / REPEATS)
    return 0.92 - error <= share <= min(0.98 + error, 0.9999)


@pytest.mark.parametrize("arm", SPREAD, ids=lambda arm: arm.name)
def test_coverage_of_the_iqm(arm: KnownArm) -> None:
    assert within(held(lambda values, drawn: iqm_interval(values, GOALS, drawn, resamples=RESAMPLES), arm.iqm, arm))


@pytest.mark.parametrize("arm", SPREAD, ids=lambda arm: arm.name)
def test_coverage_of_the_mean(arm: KnownArm) -> None:
    assert within(held(lambda values, drawn: mean_interval(values, GOALS, drawn, resamples=RESAMPLES), arm.mean, arm))


@pytest.mark.parametrize("arm", SPREAD, ids=lambda arm: arm.name)
def test_coverage_of_the_difference(arm: KnownArm) -> None:
    other = ARMS[2]

    def find(values: NDArray[np.float64], drawn: np.random.Generator) -> Interval | None:
        return difference_interval(values, other.draw(10, drawn), GOALS, drawn, resamples=RESAMPLES)

    assert within(held(find, arm.iqm - other.iqm, arm))
