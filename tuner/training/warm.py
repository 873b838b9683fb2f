"""Loads the compiled core, or compiles it, at its import: once in the server that workers are forked from.

Trains a few steps in an environment of its own, so that every function is compiled.
"""

import contextlib
from typing import Any

import gymnasium as gym
import numpy as np
from stable_baselines3.common.vec_env import DummyVecEnv

from tuner.training.compiled import COMPILES
from tuner.training.environments import VecGuard
from tuner.training.fused_ppo import FusedPPO


class Still(gym.Env[Any, Any]):
    """Nothing moves; an episode has two steps."""

    observation_space = gym.spaces.Box(-1.0, 1.0, (2,), np.float32)
    action_space = gym.spaces.Box(-1.0, 1.0, (2,), np.float32)
    _steps = 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begins."""
        super().reset(seed=seed, options=options)
        self._steps = 0
        return np.zeros(2, np.float32), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:  # noqa: ARG002
        """Counts."""
        self._steps += 1
        return np.zeros(2, np.float32), 0.0, self._steps == 2, False, {}


def warm_up() -> None:
    """Trains for four steps."""
    model = FusedPPO("MlpPolicy", VecGuard(DummyVecEnv([Still])), n_steps=4, batch_size=4, n_epochs=1, device="cpu")
    model.learn(4)
    model.best_actor()(np.zeros((1, 2), np.float32))


if COMPILES:
    with contextlib.suppress(Exception):  # a trial that needs it says what is wrong
        warm_up()
