"""An environment's reset, step and info, with its name on what it does wrong."""

from typing import Any

import gymnasium as gym
import numpy as np

from tuner.errors import EnvironmentFailed
from tuner.training.making import blamed

Info = dict[str, Any]


def begin(env: gym.Env[Any, Any], seed: int) -> tuple[Any, Info]:
    """Starts an episode.

    Raises:
        EnvironmentFailed: where the environment raises.
    """
    try:
        observation, info = env.reset(seed=seed)
    except Exception as error:
        raise blamed("reset", error) from error
    return observation, info


def advance(env: gym.Env[Any, Any], action: Any) -> tuple[Any, float, bool, bool, Info]:
    """One step.

    Raises:
        EnvironmentFailed: where the environment raises, or returns what no step returns.
    """
    try:
        observation, reward, terminated, truncated, info = env.step(action)
        return observation, np.asarray(reward, dtype=float).item(), bool(terminated), bool(truncated), info
    except Exception as error:
        raise blamed("step", error) from error


def number(info: Info, key: str) -> float | None:
    """A number of `info`, None where it is not told.

    Raises:
        EnvironmentFailed: where it is told, and no number.
    """
    if info.get(key) is None:
        return None
    try:
        return float(info[key])
    except (TypeError, ValueError):
        raise EnvironmentFailed(f"info[{key!r}] must be a number, not {info[key]!r}") from None
