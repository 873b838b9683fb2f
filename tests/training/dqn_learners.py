"""Environments and short trainings for tests of fused DQN."""

from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray
from stable_baselines3 import DQN
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

SMALL = {"learning_starts": 40, "batch_size": 16, "buffer_size": 500, "learning_rate": 3e-3}
STEPS = 300


class Matrices(gym.Env[NDArray[np.float64], np.int64]):
    """Observations are matrices in double precision, so large that scaling shows."""

    observation_space: Any = gym.spaces.Box(-50.0, 50.0, (3, 2), np.float64)
    action_space = gym.spaces.Discrete(5)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed, options=options)
        self.left = 7
        return self._seen(), {}

    def step(self, action: np.int64) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.left -= 1
        seen = self._seen()
        return seen, float(seen[0, 0] * action), bool(seen[1, 1] > 45), self.left == 0, {}

    def _seen(self) -> NDArray[np.float64]:
        return self.np_random.uniform(-50.0, 50.0, (3, 2))


class SingleMatrices(Matrices):
    """As these, in single precision."""

    observation_space = gym.spaces.Box(-50.0, 50.0, (3, 2), np.float32)

    def _seen(self) -> NDArray[Any]:
        return super()._seen().astype(np.float32)


class Losses(BaseCallback):
    """The loss logged last before every rollout."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[float] = []

    def _on_rollout_start(self) -> None:
        if "train/loss" in self.logger.name_to_value:
            self.seen.append(float(self.logger.name_to_value["train/loss"]))

    def _on_step(self) -> bool:
        return True


def learned(
    kind: type[DQN], env: Any = "CartPole-v1", *, n_envs: int = 1, scaled: bool = False, **changes: Any
) -> tuple[DQN, list[float]]:
    """A model after some steps, and its losses."""
    make = (lambda: Monitor(gym.make(env))) if isinstance(env, str) else (lambda: Monitor(env()))
    venv: Any = DummyVecEnv([make] * n_envs)
    model = kind("MlpPolicy", VecNormalize(venv) if scaled else venv, seed=3, device="cpu", **{**SMALL, **changes})
    losses = Losses()
    model.learn(STEPS, callback=losses)
    return model, losses.seen


def some(model: DQN, count: int) -> NDArray[Any]:
    """The same observations for every model of an environment."""
    space = model.observation_space
    values = np.random.default_rng(0).uniform(-1.0, 1.0, (count, *(space.shape or ())))
    return values.astype(space.dtype)
