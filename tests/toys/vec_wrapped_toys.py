"""Wrappers of vector environments as people write them."""

from typing import Any

import gymnasium as gym
import numpy as np
from stable_baselines3.common.vec_env import VecEnv, VecEnvWrapper


class Summed(VecEnvWrapper):
    """Observes besides how far each environment has come since its reset, which only its own `reset` clears."""

    def __init__(self, venv: VecEnv, scale: float = 1.0) -> None:
        low, high = np.full(3, -9, np.float32), np.full(3, 9, np.float32)
        super().__init__(venv, observation_space=gym.spaces.Box(low, high))
        self._sums, self._scale = np.zeros(venv.num_envs), scale

    def reset(self) -> Any:
        self._sums[:] = 0.0
        return self._with_sums(self.venv.reset())

    def step_wait(self) -> Any:
        observations, rewards, dones, infos = self.venv.step_wait()
        self._sums += rewards
        for index in np.flatnonzero(dones):
            last = infos[index]["terminal_observation"]
            infos[index]["terminal_observation"] = np.append(last, self._sums[index]).astype(np.float32)
            self._sums[index] = 0.0
        return self._with_sums(observations), self._scale * rewards, dones, infos

    def _with_sums(self, observations: Any) -> Any:
        return np.column_stack([observations, self._sums]).astype(np.float32)


class Broken(VecEnvWrapper):
    """Raises in every step."""

    def reset(self) -> Any:
        return self.venv.reset()

    def step_wait(self) -> Any:
        raise RuntimeError("the bus is down")
