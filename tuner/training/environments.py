"""Makes environments, and tells their failures apart from ours."""

import contextlib
import math
from collections.abc import Iterator
from typing import Any

import gymnasium as gym
import numpy as np
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv

from tuner.errors import EnvironmentFailed, EnvironmentUnusable, TrialDiverged, TunerError
from tuner.records import EnvironmentRef
from tuner.training.names import full_id


class Guard(gym.Wrapper[Any, Any, Any, Any]):
    """Names the environment as the culprit of what it raises, and stops at observations that are not finite."""

    def reset(self, **kwargs: Any) -> tuple[Any, dict[str, Any]]:
        """Resets the environment."""
        with _blamed("reset"):
            observation, info = self.env.reset(**kwargs)
        return _finite(observation), info

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Steps the environment."""
        with _blamed("step"):
            observation, reward, terminated, truncated, info = self.env.step(action)
            finite = math.isfinite(reward)
        if not finite:
            raise TrialDiverged(f"the reward is {reward}")
        return _finite(observation), reward, terminated, truncated, info

    def close(self) -> None:
        """Closes the environment."""
        with _blamed("close"):
            self.env.close()


@contextlib.contextmanager
def _blamed(where: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        raise EnvironmentFailed(f"the environment raised in {where}: {type(error).__name__}: {error}") from error


def _finite(observation: Any) -> Any:
    if isinstance(observation, np.ndarray) and not np.isfinite(observation).all():
        raise TrialDiverged("an observation is not finite")
    return observation


def make_env(ref: EnvironmentRef) -> gym.Env[Any, Any]:
    """One guarded environment.

    Raises:
        EnvironmentUnusable: where it cannot be made.
    """
    try:
        env = gym.make(full_id(ref.id), **ref.kwargs)
    except TunerError:
        raise
    except Exception as error:
        options = f" with {ref.kwargs}" if ref.kwargs else ""
        raise EnvironmentUnusable(f"environment {ref.id!r} cannot be made{options}: {error}") from error
    return Guard(env)


def make_vec_env(ref: EnvironmentRef) -> VecEnv:
    """`n_envs` monitored environments behind SB3's vector interface, in this process."""
    return DummyVecEnv([lambda: Monitor(make_env(ref))] * ref.n_envs)
