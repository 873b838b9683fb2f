"""Observations as arrays: one array, or for a Dict space one for each of its keys."""

import math
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray


def zeros(space: gym.Space[Any], count: int | None = None) -> Any:
    """An observation of zeros, or a batch of `count` of them: (count, …)."""
    if isinstance(space, gym.spaces.Dict):
        return {name: zeros(part, count) for name, part in space.spaces.items()}
    rows = () if count is None else (count,)
    return np.zeros((*rows, *(space.shape or ())), space.dtype)


def put(batch: Any, index: int, observation: Any) -> None:
    """Replaces one observation of a batch."""
    if isinstance(batch, dict):
        for name, part in batch.items():
            part[index] = observation[name]
    else:
        batch[index] = observation


def batch_of_one(observation: Any) -> Any:
    """A batch with this observation alone: (1, …)."""
    if isinstance(observation, dict):
        return {name: np.asarray(part)[np.newaxis] for name, part in observation.items()}
    return np.asarray(observation)[np.newaxis]


def first_of(batch: Any) -> Any:
    """A copy of the first observation of a batch."""
    return {name: part[0].copy() for name, part in batch.items()} if isinstance(batch, dict) else batch[0].copy()


def finite(observation: Any) -> bool:
    """Whether every number of an observation, or of a batch, is finite."""
    if isinstance(observation, dict):
        return all(map(finite, observation.values()))
    return not isinstance(observation, np.ndarray) or all_finite(observation)


def all_finite(values: NDArray[Any]) -> bool:
    """Whether every value is finite; a finite sum of squares proves it at once, else each value is tested."""
    if values.dtype.kind in "bui":
        return True
    return math.isfinite(np.vdot(values, values)) or bool(np.isfinite(values).all())


def flat(observations: NDArray[Any]) -> NDArray[np.float32]:
    """Observations (n, …) as rows (n, in) in single precision."""
    return observations.reshape(len(observations), -1).astype(np.float32, copy=False)


def is_plain(values: Any, axes: int) -> bool:
    """Whether they are an array as compiled code takes it: single precision, in order, with this many axes."""
    return (
        type(values) is np.ndarray and values.dtype == np.float32 and values.ndim == axes and values.flags.c_contiguous
    )
