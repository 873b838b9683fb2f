"""Models trained for a few updates, and the distance between two of them."""

from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from stable_baselines3 import PPO
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv


class Record(BaseCallback):
    """Records the logged values of every update, and the locals of every step."""

    def __init__(self) -> None:
        super().__init__()
        self.updates: list[dict[str, Any]] = []
        self.steps: list[tuple[Any, ...]] = []
        self.ends = 0

    def _on_rollout_start(self) -> None:
        if self.num_timesteps:
            self.updates.append(dict(self.logger.name_to_value))

    def _on_training_end(self) -> None:
        self._on_rollout_start()

    def _on_step(self) -> bool:
        names = ("actions", "clipped_actions", "new_obs", "rewards", "dones")
        self.steps.append(tuple(np.array(self.locals[name]) for name in names))
        return True

    def _on_rollout_end(self) -> None:
        self.ends += 1


def trained(
    kind: type[PPO],
    env: str | VecEnv,
    updates: int,
    *,
    n_envs: int = 1,
    callbacks: Sequence[BaseCallback] = (),
    **arguments: Any,
) -> tuple[PPO, Record]:
    """A model after some updates, with what the recording callback saw."""
    venv = DummyVecEnv([lambda: Monitor(gym.make(env))] * n_envs) if isinstance(env, str) else env
    model = kind("MlpPolicy", venv, seed=3, device="cpu", **arguments)
    record = Record()
    model.learn(updates * arguments["n_steps"] * venv.num_envs, callback=[*callbacks, record])
    venv.close()
    return model, record


def furthest(one: BaseAlgorithm, other: BaseAlgorithm) -> float:
    """The greatest absolute difference between two models' parameters."""
    ours, theirs = one.policy.state_dict(), other.policy.state_dict()
    assert ours.keys() == theirs.keys()
    return max(float((ours[name] - theirs[name]).abs().max()) for name in ours)
