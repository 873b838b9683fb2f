"""How the vector environment is found and made, and its errors."""

import subprocess
import sys
import warnings
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from stable_baselines3.common.vec_env import VecEnv

from roarm_envs.arm_errors import OptionError
from roarm_envs.env import RoArmReachEnv
from roarm_envs.vector import ArmVecEnv

Options = dict[str, Any]
Make = Callable[..., VecEnv]

SHORT: Options = {"episode_seconds": 0.7, "tolerance": 0.2}  # many episodes end, in both ways


@pytest.mark.parametrize("count", [0, -1, 1.0, True, "2", None, 10**9], ids=repr)
def test_a_bad_number_of_environments_is_refused(count: Any) -> None:
    with pytest.raises(OptionError, match=r"n_envs: .* must be a whole number from 1 to 256"):
        RoArmReachEnv.make_vec_env(count)


@pytest.mark.parametrize(
    "options", [{"tolerance": 0.0}, {"episode_seconds": "5"}, {"render_mode": "ansi"}, {"effort_weight": -1}], ids=str
)
def test_a_bad_option_is_refused_as_by_one_environment(options: Options) -> None:
    with pytest.raises(OptionError) as wanted:
        RoArmReachEnv(**options)
    with pytest.raises(OptionError) as found:
        RoArmReachEnv.make_vec_env(2, **options)
    assert str(found.value) == str(wanted.value)


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(TypeError, match="tolerence"):
        RoArmReachEnv.make_vec_env(2, tolerence=0.02)


def test_one_environment_needs_no_learning_library() -> None:
    script = (
        "import sys, gymnasium as gym\n"
        "env = gym.make('roarm_envs:RoArmReach-v0'); env.reset(); env.step(env.action_space.sample()); env.close()\n"
        "sys.exit(any(name in sys.modules for name in ('torch', 'stable_baselines3')))\n"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_the_hook_is_found_on_the_registered_class() -> None:
    entry = gym.spec("RoArmReach-v0").entry_point
    assert isinstance(entry, str)
    kind: Any = gym.envs.registration.load_env_creator(entry)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        env = kind.make_vec_env(2, tolerance=0.05)
    assert isinstance(env, VecEnv)
    env.close()


def test_a_step_before_the_first_reset_says_so() -> None:
    env = RoArmReachEnv.make_vec_env(1)
    with pytest.raises(gym.error.ResetNeeded, match=r"call reset\(\) before step\(\)"):
        env.step(np.zeros((1, 5), dtype=np.float32))
    env.close()


def test_arms_are_freed_if_a_later_one_cannot_be_made() -> None:
    made: list[RoArmReachEnv] = []

    def make() -> RoArmReachEnv:
        if made:
            raise RuntimeError("no more arms")
        made.append(RoArmReachEnv())
        return made[0]

    with pytest.raises(RuntimeError, match="no more arms"):
        ArmVecEnv([make, make])
    with pytest.raises(Exception, match="Not connected to physics server"):
        made[0].reset()


def test_an_action_beyond_its_bounds_counts_as_the_bound() -> None:
    def rewards(size: float) -> float:
        env = RoArmReachEnv.make_vec_env(1)
        env.seed(3)
        env.reset()
        reward = float(env.step(np.full((1, 5), size))[1][0])
        env.close()
        return reward

    assert rewards(1e308) == rewards(1.0)


def test_a_count_may_be_numpys() -> None:
    env = RoArmReachEnv.make_vec_env(np.int64(2))  # type: ignore[arg-type]
    assert env.num_envs == 2
    env.close()
