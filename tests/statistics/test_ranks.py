import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tuner.statistics.ranks import holm, permutation_p, smallest_difference, superiority

SHARES = st.lists(st.integers(0, 5).map(lambda count: count / 5), min_size=2, max_size=5)


@settings(max_examples=40, deadline=None)
@given(first=SHARES, second=SHARES)
def test_p_and_superiority_are_scipys_over_all_permutations(first: list[float], second: list[float]) -> None:
    a, b = np.array(first), np.array(second)
    theirs = stats.mannwhitneyu(a, b, method=stats.PermutationMethod(n_resamples=np.inf))
    assert permutation_p(a, b) == pytest.approx(theirs.pvalue, rel=1e-12)
    assert superiority(a, b) == pytest.approx(theirs.statistic / a.size / b.size, rel=1e-12)


def test_p_is_scipys_at_seven_seeds_with_ties() -> None:
    a, b = np.array([0.5, 0.5, 0.6, 0.7, 0.7, 0.9, 1.0]), np.array([0.1, 0.2, 0.5, 0.5, 0.6, 0.7, 0.7])
    theirs = stats.mannwhitneyu(a, b, method=stats.PermutationMethod(n_resamples=np.inf))
    assert permutation_p(a, b) == pytest.approx(theirs.pvalue, rel=1e-12)


# Of the 20 ways to choose 3 of the ranks 1 to 6: how many have the sum 6, 7, … 15.
WAYS_3_3 = [1, 1, 2, 3, 3, 3, 3, 2, 1, 1]


@pytest.mark.parametrize(
    ("first", "wins"),
    [([1, 2, 3], 0), ([1, 2, 4], 1), ([1, 2, 5], 2), ([2, 3, 4], 3), ([1, 4, 5], 4), ([4, 5, 6], 9), ([2, 5, 6], 7)],
    ids=lambda value: str(value),
)
def test_without_ties_p_is_the_table_of_three_against_three(first: list[int], wins: int) -> None:
    second = [rank for rank in range(1, 7) if rank not in first]
    rarer = min(wins, 9 - wins)
    by_hand = min(1.0, 2 * sum(WAYS_3_3[: rarer + 1]) / 20)
    assert permutation_p(np.array(first, float), np.array(second, float)) == pytest.approx(by_hand)
    assert superiority(np.array(first, float), np.array(second, float)) == pytest.approx(wins / 9)


@pytest.mark.parametrize(("seeds", "least"), [(3, 0.1), (5, 2 / 252), (10, 2 / 184_756)])
def test_the_smallest_p_of_so_many_seeds(seeds: int, least: float) -> None:
    assert permutation_p(np.arange(seeds, dtype=np.float64) + 100, np.arange(seeds, dtype=np.float64)) == pytest.approx(
        least
    )


def test_many_seeds_need_no_enumeration() -> None:
    a, b = np.linspace(0, 1, 40), np.linspace(0.2, 1.2, 40)
    exact = stats.mannwhitneyu(a, b, method="exact").pvalue
    assert permutation_p(a, b) == pytest.approx(exact, rel=0.05)


def test_equal_values_are_no_evidence() -> None:
    assert permutation_p(np.zeros(10), np.zeros(10)) == 1
    assert superiority(np.zeros(10), np.zeros(10)) == 0.5


@pytest.mark.parametrize(
    ("p", "corrected"),
    [
        pytest.param([], [], id="none"),
        pytest.param([0.04], [0.04], id="one"),
        pytest.param([0.01, 0.04, 0.03], [0.03, 0.06, 0.06], id="three, never falling"),
        pytest.param([0.9, 0.5, 0.6], [1, 1, 1], id="no more than 1"),
        pytest.param([0.02, 0.02], [0.04, 0.04], id="equal"),
    ],
)
def test_holm(p: list[float], corrected: list[float]) -> None:
    assert holm(p) == pytest.approx(corrected)


def test_the_smallest_difference_is_detected_in_four_of_five_cases() -> None:
    even = np.linspace(-1, 1, 10)
    smallest = smallest_difference(even, even, None)
    assert smallest is not None
    rng = np.random.default_rng(7)
    low, high = rng.normal(0, even.std(ddof=1), (2, 1000, 10))
    found = np.mean([permutation_p(b + smallest, a) < 0.05 for a, b in zip(low, high, strict=True)])
    assert found == pytest.approx(0.8, abs=0.05)


def test_the_smallest_difference_grows_with_spread_and_comparisons_and_falls_with_seeds() -> None:
    ten, twenty = np.linspace(0.4, 0.6, 10), np.linspace(0.4, 0.6, 20)
    at_ten = smallest_difference(ten, ten, 100)
    at_twenty = smallest_difference(twenty, twenty, 100)
    of_three = smallest_difference(ten, ten, 100, comparisons=3)
    wider = smallest_difference(2 * ten, 2 * ten, None)
    assert at_ten is not None
    assert at_twenty is not None
    assert of_three is not None
    assert at_twenty < at_ten < of_three
    assert wider == pytest.approx(2 * at_ten)


def test_success_rates_without_spread_vary_by_their_episodes() -> None:
    smallest = smallest_difference(np.full(10, 0.5), np.full(10, 0.5), 100)
    assert smallest == pytest.approx(0.05 * 1.395, rel=0.01)


@pytest.mark.parametrize(
    ("values", "goals"),
    [
        pytest.param([0.2, 0.4, 0.6, 0.8], 100, id="four seeds"),
        pytest.param([0.0, 1.0, 0.0, 1.0, 0.0], 100, id="more than from 0 to 1"),
        pytest.param([-200.0] * 10, None, id="returns that agree"),
        pytest.param([], 100, id="no seed"),
    ],
)
def test_where_nothing_can_be_detected_there_is_no_smallest_difference(values: list[float], goals: int | None) -> None:
    assert smallest_difference(np.array(values), np.array(values), goals) is None
