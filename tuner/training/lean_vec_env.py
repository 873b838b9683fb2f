"""Stable-Baselines3's DummyVecEnv with the same results, and cheaper copies of them."""

from copy import deepcopy
from typing import Any

import numpy as np
from stable_baselines3.common.vec_env import DummyVecEnv
from stable_baselines3.common.vec_env.base_vec_env import VecEnvObs, VecEnvStepReturn

PLAIN = {bool, bytes, complex, float, int, str, type(None), np.bool_, np.float32, np.float64, np.int32, np.int64}


class LeanVecEnv(DummyVecEnv):
    """Copies an `info` of plain values by its entries, and observations that are one array as an array."""

    def step_wait(self) -> VecEnvStepReturn:
        """Steps every environment; one whose episode ends begins the next."""
        for index, env in enumerate(self.envs):
            observation, reward, terminated, truncated, info = env.step(self.actions[index])
            done = terminated or truncated
            self.buf_rews[index], self.buf_dones[index], self.buf_infos[index] = reward, done, info
            info["TimeLimit.truncated"] = truncated and not terminated
            if done:
                info["terminal_observation"] = observation
                observation, self.reset_infos[index] = env.reset()
            self._save_obs(index, observation)
        infos = [copied(info) for info in self.buf_infos]
        return self._obs_from_buf(), self.buf_rews.copy(), self.buf_dones.copy(), infos

    def _obs_from_buf(self) -> VecEnvObs:
        if list(self.keys) == [None]:
            observations: VecEnvObs = self.buf_obs[None].copy()  # type: ignore[index]
            return observations
        return super()._obs_from_buf()


def copied(info: dict[str, Any]) -> dict[str, Any]:
    """A deep copy."""
    return dict(info) if PLAIN.issuperset(map(type, info.values())) else deepcopy(info)
