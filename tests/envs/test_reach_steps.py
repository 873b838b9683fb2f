"""Which steps of the vector environment the compiled kernel computes, and that they are the single environments'."""

import contextlib
from typing import Any

import pytest
from stable_baselines3.common.vec_env import DummyVecEnv
from vec_env_records import actions, record

from roarm_envs.arm_compiler import COMPILES
from roarm_envs.env import RoArmReachEnv
from roarm_envs.tasks.reach import Reach
from roarm_envs.vector import ArmVecEnv

STEPS = actions(150, 2)

pytestmark = pytest.mark.skipif(not COMPILES, reason="Numba is not installed or compiles nothing")


def recorded(env: Any) -> tuple[list[Any], bool]:
    """What its steps return, and whether the kernel computed them."""
    with contextlib.closing(env):
        return record(env, STEPS), isinstance(env, ArmVecEnv) and env._quick is not None


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"episode_seconds": 0.7, "tolerance": 0.2},  # many episodes end, in both ways
        {"reward": "sparse", "tolerance": 0.2},
    ],
)
def test_it_is_so_without_numba_as_well(options: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    compiled, quick = recorded(RoArmReachEnv.make_vec_env(2, **options))
    stock, _ = recorded(DummyVecEnv([lambda: RoArmReachEnv(**options)] * 2))
    monkeypatch.setattr("roarm_envs.reach_steps.COMPILES", False)
    plain, slow = recorded(RoArmReachEnv.make_vec_env(2, **options))
    assert compiled == stock == plain
    assert (quick, slow) == (True, False)


class OtherReach(Reach):
    """A user's own rules."""


def test_what_the_kernel_does_not_know_is_stepped_by_the_environments() -> None:
    _, varied = recorded(RoArmReachEnv.make_vec_env(2, variation={"delay": (1, 2)}))
    assert not varied
    own: Any = RoArmReachEnv.make_vec_env(2)
    with contextlib.closing(own):
        own.set_attr("task", OtherReach())
        record(own, STEPS[:3])
        assert own._quick is None
        own.set_attr("task", Reach(tolerance=0.3))
        record(own, STEPS[:3])
        assert own._quick is not None
        assert own._quick._task[0] == 0.3
        own.set_attr("task", Reach(tolerance=0.2), indices=[0])  # unlike the other's
        record(own, STEPS[:3])
        assert own._quick is None
