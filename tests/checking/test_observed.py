"""Running statistics of observations equal those of all of them together."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tuner.checking.observed import BATCH, Observed

LOW, HIGH = np.array([-1.0, -1.0, -np.inf]), np.array([1.0, 1.0, np.inf])

rows = arrays(np.float64, st.tuples(st.integers(1, 2 * BATCH + 3), st.just(3)), elements=st.floats(-2.0, 2.0))


def seen(values: np.ndarray) -> Observed:
    observed = Observed(LOW, HIGH)
    for row in values:
        observed.add(row)
    return observed.flush()


@given(values=rows)
def test_statistics_are_those_of_all_rows(values: np.ndarray) -> None:
    observed = seen(values)
    assert observed.count == len(values)
    assert observed.size == pytest.approx(np.abs(values).max(axis=0))
    assert observed.constant.tolist() == (np.ptp(values, axis=0) == 0).tolist()
    assert observed.at_bound == pytest.approx(((values == LOW) | (values == HIGH)).mean(axis=0))
    assert (observed.outside[:2] > 0).tolist() == (np.abs(values[:, :2]) > 1.0 + 1e-6).any(axis=0).tolist()
    assert observed.outside[2] == 0.0


@given(one=rows, other=rows)
def test_two_together_are_one(one: np.ndarray, other: np.ndarray) -> None:
    both, whole = seen(one).merged(seen(other)), seen(np.concatenate([one, other]))
    for name in ("count", "least", "greatest", "at_bound", "outside", "flag"):
        assert getattr(both, name) == pytest.approx(getattr(whole, name))


def test_a_flag_is_told_from_an_entry_that_sticks() -> None:
    observed = seen(np.array([[1.0, 1.0, 0.5], [0.0, 1.0, 0.0], [1.0, 0.7, 0.0]]))
    assert observed.flag.tolist() == [True, False, False]


def test_without_observations_the_size_is_zero() -> None:
    assert Observed(LOW, HIGH).size.tolist() == [0.0, 0.0, 0.0]
