"""Applies wrappers of vector environments (rl_zoo3's `vec_env_wrapper`), in training and to single environments."""

from collections.abc import Sequence
from typing import Any

import gymnasium as gym
from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv, VecEnvWrapper

from tuner.config.wrapper_notation import path_and_arguments
from tuner.errors import EnvironmentUnusable
from tuner.training.batches import first_of
from tuner.training.wrapping import applied, import_wrapper, wrappers_home


class ThroughVecEnv(gym.Wrapper[Any, Any, Any, Any]):
    """A single environment as the policy sees it through wrappers of vector environments: a vector of one."""

    def __init__(self, env: gym.Env[Any, Any], wrappers: Sequence[Any], folder: str | None = None) -> None:
        super().__init__(env)
        self._venv = vec_wrapped(DummyVecEnv([lambda: env]), wrappers, folder)
        self.observation_space, self.action_space = self._venv.observation_space, self._venv.action_space

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Resets through the wrappers, which may keep something of an episode."""
        if seed is not None:
            self._venv.seed(seed)
        if options is not None:
            self._venv.set_options(options)
        observations = self._venv.reset()
        return first_of(observations), self._venv.unwrapped.reset_infos[0]

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Steps through the wrappers."""
        observations, rewards, dones, infos = self._venv.step([action])  # type: ignore[arg-type]
        info, done = dict(infos[0]), bool(dones[0])
        truncated = bool(info.pop("TimeLimit.truncated", False))
        last = info.pop("terminal_observation", None)
        observation = first_of(observations) if last is None else last
        return observation, float(rewards[0]), done and not truncated, truncated, info

    def close(self) -> None:
        """Closes the environment."""
        self._venv.close()


def vec_wrapped(venv: VecEnv, wrappers: Sequence[Any], folder: str | None = None) -> VecEnv:
    """A vector environment with its wrappers, in their order.

    Raises:
        EnvironmentUnusable: naming the wrapper that cannot be applied; `venv` is closed then.
    """
    found = venv
    try:
        for path, arguments in map(path_and_arguments, wrappers):
            found = applied(import_wrapper(path, folder, VecEnvWrapper), path, found, arguments, kind=VecEnv)
    except EnvironmentUnusable:
        venv.close()
        raise
    return found


def vec_wrappers_home(wrappers: Sequence[Any], folder: str | None) -> str | None:
    """As `wrappers_home`, of wrappers of vector environments."""
    return wrappers_home(wrappers, folder, VecEnvWrapper)
