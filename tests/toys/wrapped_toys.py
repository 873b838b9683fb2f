"""Wrappers as people write them, and environments that need some."""

from typing import Any

import gymnasium as gym
import numpy as np
from tuner_toys import Line

Env = gym.Env[Any, Any]


class Doubled(gym.ActionWrapper[Any, Any, Any]):
    """Takes actions twice as large."""

    def action(self, action: Any) -> Any:
        return 2.0 * action


class Scaled(gym.RewardWrapper[Any, Any]):
    """Multiplies rewards."""

    def __init__(self, env: Env, factor: float = 1.0) -> None:
        super().__init__(env)
        self._factor = factor

    def reward(self, reward: Any) -> float:
        return self._factor * float(reward)


class Raises(gym.Wrapper[Any, Any, Any, Any]):
    """Raises in every step, or at once."""

    def __init__(self, env: Env, *, at_once: bool = False) -> None:
        super().__init__(env)
        if at_once:
            raise ValueError("no\nmotor")

    def step(self, action: Any) -> Any:
        raise RuntimeError("the motor is off")


def scaled_twice(env: Env) -> Env:
    """Wraps by a function."""
    return Scaled(Scaled(env, 2.0), 2.0)


def nothing(env: Env) -> None:
    """Wraps nothing."""


class Wide(Line):
    """Takes actions in [-2, 2], of which it uses half; has an expert for them."""

    def __init__(self, *, reach: float = 1.0) -> None:
        super().__init__()
        self.action_space = gym.spaces.Box(-2.0, 2.0, (1,), np.float32)
        self.reach = reach

    def reset(self, **options: Any) -> Any:
        _, info = super().reset(**options)
        self._goal *= self.reach
        return np.array([0.0, self._goal], np.float32), {**info, "distance": abs(self._goal)}

    def step(self, action: Any) -> Any:
        found = super().step(np.asarray(action, np.float32) / np.float32(2.0))
        return (*found[:4], {**found[4], "closeness": 1.0 - found[4]["distance"]})

    @staticmethod
    def make_expert(env: "Wide") -> Any:
        return lambda observation: np.clip(observation[1:] / 0.15, -2.0, 2.0)


class Counting(gym.Env[Any, Any]):
    """Its actions are 1, 2 and 3, its observations 5 to 9: success is to be at 9."""

    def __init__(self) -> None:
        self.action_space: Any = gym.spaces.Discrete(3, start=1)
        self.observation_space: Any = gym.spaces.Discrete(5, start=5)
        self._at, self._steps = 5, 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        super().reset(seed=seed)
        self._at, self._steps = int(self.np_random.integers(5, 8)), 0
        return self._at, {}

    def step(self, action: Any) -> Any:
        assert self.action_space.contains(action), action
        self._at = int(np.clip(self._at + int(action) - 2, 5, 9))
        self._steps += 1
        return self._at, self._at - 7.0, self._at == 9, self._steps >= 20, {"is_success": self._at == 9}

    @staticmethod
    def make_expert(env: "Counting") -> Any:
        return lambda observation: 3 if 5 <= observation < 9 else 1

    @classmethod
    def make_vec_env(cls, n_envs: int) -> Any:
        from stable_baselines3.common.vec_env import DummyVecEnv

        return DummyVecEnv([cls] * n_envs)


def make_counting() -> Env:
    """Makes one by a function."""
    return Counting()
