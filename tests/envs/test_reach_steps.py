"""Which steps of the vector environment the compiled kernel computes, and that they are the single environments'."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv
from vec_env_records import actions, record

from roarm_envs.arm_compiler import COMPILES
from roarm_envs.env import RoArmReachEnv
from roarm_envs.tasks.reach import Reach

Options = dict[str, Any]
Make = Callable[..., VecEnv]

SHORT: Options = {"episode_seconds": 0.7, "tolerance": 0.2}  # many episodes end, in both ways

pytestmark = pytest.mark.skipif(not COMPILES, reason="Numba is not installed or compiles nothing")


@pytest.fixture
def closed_after() -> Iterator[list[VecEnv]]:
    made: list[VecEnv] = []
    yield made
    for env in made:
        env.close()


@pytest.fixture
def vector(closed_after: list[VecEnv]) -> Make:
    """Makes the arm's vector environment."""

    def make_one(n_envs: int, **options: Any) -> VecEnv:
        closed_after.append(RoArmReachEnv.make_vec_env(n_envs, **options))
        return closed_after[-1]

    return make_one


@pytest.fixture
def stock(closed_after: list[VecEnv]) -> Make:
    """Makes a DummyVecEnv of the same."""

    def make_one(n_envs: int, **options: Any) -> VecEnv:
        closed_after.append(DummyVecEnv([lambda: RoArmReachEnv(**options)] * n_envs))
        return closed_after[-1]

    return make_one


@pytest.mark.parametrize("options", [{}, SHORT, {"reward": "sparse", "tolerance": 0.2}])
def test_it_is_so_without_numba_as_well(
    vector: Make, stock: Make, options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = actions(150, 2)
    compiled = vector(2, **options)
    found = [record(compiled, steps), record(stock(2, **options), steps)]
    monkeypatch.setattr("roarm_envs.reach_steps.COMPILES", False)
    plain: Any = vector(2, **options)
    found.append(record(plain, steps))
    assert found[0] == found[1] == found[2]
    assert plain._quick is None
    assert compiled._quick is not None  # type: ignore[attr-defined]


class OtherReach(Reach):
    """A user's own rules."""


def test_what_the_kernel_does_not_know_is_stepped_by_the_environments(vector: Make) -> None:
    varied: Any = vector(2, variation={"delay": (1, 2)})
    own: Any = vector(2)
    own.set_attr("task", OtherReach())
    for env in (varied, own):
        record(env, actions(3, 2))
        assert env._quick is None
    own.set_attr("task", Reach(tolerance=0.3))
    record(own, actions(3, 2))
    assert own._quick is not None
    assert own._quick.tasks[0].tolerance == 0.3
    own.set_attr("task", Reach(tolerance=0.2), indices=[0])  # unlike the other's
    record(own, actions(3, 2))
    assert own._quick is None
