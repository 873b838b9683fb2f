import numpy as np
import pytest
from known_arms import ARMS, COUNTS, GOALS, KnownArm, beta_binomial, binomial

from tuner.statistics.intervals import iqm


@pytest.mark.parametrize("arm", ARMS, ids=lambda arm: arm.name)
def test_its_truth_is_that_of_many_seeds(arm: KnownArm) -> None:
    values = arm.draw(40_000, np.random.default_rng(0))
    assert arm.probabilities.sum() == pytest.approx(1)
    assert values.mean() == pytest.approx(arm.mean, abs=0.01)
    assert iqm(values) == pytest.approx(arm.iqm, abs=0.015)


def test_distributions_have_their_moments() -> None:
    share = COUNTS / GOALS
    assert binomial(0.6) @ share == pytest.approx(0.6)
    spread = beta_binomial(0.5, 0.1)
    assert spread @ share == pytest.approx(0.5)
    variance = spread @ (share - 0.5) ** 2
    assert variance == pytest.approx(0.01 + (0.25 - 0.01) / GOALS)


def test_several_draws_at_once() -> None:
    assert ARMS[0].draw(10, np.random.default_rng(0), 3).shape == (3, 10)
