"""Exact records of vector environments, to compare two of them under the same actions."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecEnv


def actions(count: int, n_envs: int, seed: int = 0) -> NDArray[np.float32]:
    """Random actions, held for five steps each so that the arms move far; some beyond the action space."""
    drawn = np.random.default_rng(seed).uniform(-1.2, 1.2, (count // 5 + 1, n_envs, 5))
    return np.repeat(drawn, 5, axis=0)[:count].astype(np.float32)


def frozen(value: Any) -> Any:
    """The value with its types, and arrays as type, shape and bytes."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, dict):
        return {key: frozen(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [frozen(entry) for entry in value]
    return type(value), value


def record(env: VecEnv, steps: NDArray[np.float32], seed: int = 11) -> list[Any]:
    """Everything that a reset and the steps return."""
    env.seed(seed)
    history = [frozen(env.reset()), frozen(env.reset_infos)]
    for step in steps:
        history.append([frozen(part) for part in env.step(step)])
        history.append(frozen(env.reset_infos))
    return history
