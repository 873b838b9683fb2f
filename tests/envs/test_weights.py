"""The weights of the rewards as options of the environments."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from roarm_envs.arm_errors import OptionError
from roarm_envs.env import RoArmEnv, RoArmPickPlaceEnv, RoArmReachEnv

WEIGHTS: dict[type[RoArmEnv[Any]], dict[str, float]] = {
    RoArmReachEnv: {"progress_scale": 5.0, "success_bonus": 10.0, "effort_weight": 0.01, "collision_weight": 0.4},
    RoArmPickPlaceEnv: {
        "reach_scale": 8.0,
        "grasp_bonus": 5.0,
        "carry_scale": 10.0,
        "rest_bonus": 5.0,
        "success_bonus": 15.0,
        "effort_weight": 0.01,
        "collision_weight": 0.1,
    },
}
PAIRS = [pytest.param(kind, name, id=f"{kind.__name__} {name}") for kind, names in WEIGHTS.items() for name in names]
KINDS = [*WEIGHTS]


def terms(kind: Any, **options: Any) -> Iterator[dict[str, float]]:
    env = kind(**options)
    env.reset(seed=3)
    rng = np.random.default_rng(3)
    for _ in range(40):
        *_, ended, info = env.step(rng.uniform(-1.0, 1.0, env.action_space.shape).astype(np.float32))[2:]
        yield info["reward_terms"]
        if ended:
            break
    env.close()


@pytest.mark.parametrize("kind", KINDS)
def test_the_usual_weights_are_the_defaults_bit_for_bit(kind: type[RoArmEnv[Any]]) -> None:
    assert list(terms(kind)) == list(terms(kind, **WEIGHTS[kind]))


@pytest.mark.parametrize(("kind", "name"), PAIRS)
def test_a_weight_is_that_of_its_task(kind: Any, name: str) -> None:
    env = kind(**{name: 3.25})
    usual = WEIGHTS[kind]
    assert {one: getattr(env.task, one) for one in usual} == {**usual, name: 3.25}
    env.close()


def test_a_term_is_proportional_to_its_weight() -> None:
    usual, more = (list(terms(RoArmReachEnv, progress_scale=scale)) for scale in (5.0, 20.0))
    assert [one["progress"] for one in more] == pytest.approx([4 * one["progress"] for one in usual])
    assert [one["effort"] for one in more] == [one["effort"] for one in usual]


@pytest.mark.parametrize("value", [-1, 1001, "5", True, None, float("nan"), float("inf")], ids=repr)
@pytest.mark.parametrize("kind", KINDS)
def test_what_no_weight_can_be_is_refused(kind: Any, value: Any) -> None:
    with pytest.raises(OptionError, match=r"effort_weight: .* must be a number from 0 to 1000"):
        kind(effort_weight=value)


@pytest.mark.parametrize("kind", KINDS)
def test_a_sparse_reward_has_the_bonus_alone(kind: Any) -> None:
    env = kind(reward="sparse", success_bonus=4.0)
    assert env.task.success_bonus == 4.0
    env.close()
    with pytest.raises(OptionError, match=r"effort_weight: 0\.2 has no effect with reward='sparse'"):
        kind(reward="sparse", effort_weight=0.2)
    with pytest.raises(OptionError, match="success_bonus: 0 leaves no reward"):
        kind(reward="sparse", success_bonus=0)
