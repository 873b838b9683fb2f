"""Properties of the reward terms: their sums, signs and bounds."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from roarm_envs import rewards
from roarm_envs.tasks.reach import Reach

check = settings(max_examples=100, deadline=None, derandomize=True, database=None)

distances = st.floats(0.0, 1.5)
positive = st.floats(1e-3, 100.0)
actions = arrays(np.float64, 5, elements=st.floats(-1.0, 1.0))


@check
@given(path=st.lists(distances, min_size=2, max_size=40), scale=positive)
def test_progress_sums_to_the_way_made(path: list[float], scale: float) -> None:
    """Detours earn nothing: the sum depends only on start and end."""
    total = sum(rewards.progress(a, b, scale=scale) for a, b in itertools.pairwise(path))
    assert total == pytest.approx(scale * (path[0] - path[-1]), abs=1e-9 * scale * len(path))


@check
@given(before=distances, after=distances, scale=positive)
def test_progress_pays_for_coming_nearer(before: float, after: float, scale: float) -> None:
    assert np.sign(rewards.progress(before, after, scale=scale)) == np.sign(before - after)


@check
@given(action=actions)
def test_effort_costs_at_most_its_weight(action: NDArray[np.float64]) -> None:
    cost, mirrored = (Reach().rewards(0.5, 0.5, part.tolist(), touching=False)["effort"] for part in (action, -action))
    assert -Reach().effort_weight * (1 + 1e-12) <= cost <= 0.0
    assert cost == pytest.approx(mirrored)


def test_effort_at_its_ends() -> None:
    assert [rewards.effort(square, weight=0.3) for square in (0.0, 0.5, 1.0)] == pytest.approx([0.0, -0.15, -0.3])


@check
@given(bonus=positive)
def test_success_pays_its_bonus_and_nothing_else(bonus: float) -> None:
    assert [rewards.success(reached, bonus=bonus) for reached in (True, False)] == [bonus, 0.0]


@check
@given(weight=positive)
def test_collision_only_costs(weight: float) -> None:
    assert [rewards.collision(touching, weight=weight) for touching in (True, False)] == [-weight, 0.0]


@check
@given(before=distances, after=distances, action=actions, touching=st.booleans())
def test_reach_pays_the_bonus_within_the_tolerance_only(
    before: float, after: float, action: NDArray[np.float64], touching: bool
) -> None:
    terms = Reach().rewards(before, after, action.tolist(), touching=touching)
    assert 3 <= len(terms) <= 5
    assert terms["success"] == (10.0 if after <= 0.02 else 0.0)
    assert terms["effort"] <= 0.0
    assert terms["collision"] <= 0.0
    assert abs(sum(terms.values()) - terms["success"]) <= 6.0 * 1.5 + 0.6
