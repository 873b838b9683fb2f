"""The environments used by Stable-Baselines3 itself, without a warning."""

import gymnasium as gym
import pytest
from stable_baselines3 import PPO
from stable_baselines3.common.env_util import make_vec_env

import roarm_envs


@pytest.mark.parametrize("name", sorted(roarm_envs.ENVIRONMENTS))
def test_ppo_makes_the_environment_from_its_name(name: str) -> None:
    model = PPO("MlpPolicy", f"roarm_envs:{name}", n_steps=16, batch_size=16, n_epochs=1, device="cpu", seed=0)
    model.learn(32)
    env = model.get_env()
    assert env is not None
    env.close()


@pytest.mark.parametrize("name", sorted(roarm_envs.ENVIRONMENTS))
def test_make_vec_env_makes_environments_that_give_pictures(name: str) -> None:
    env = make_vec_env(f"roarm_envs:{name}", n_envs=2, seed=0)
    env.reset()
    assert [picture.shape for picture in env.get_images() if picture is not None] == [(336, 480, 3)] * 2
    env.close()


def test_a_video_can_be_made_by_gymnasium() -> None:
    env = gym.make("roarm_envs:RoArmReach-v0", render_mode="rgb_array")
    assert env.metadata["render_fps"] == 20
    assert "rgb_array" in env.metadata["render_modes"]
    env.close()
