"""Actions and observations as flat numbers, and whether PPO can use their spaces at all."""

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.spaces import utils
from numpy.typing import NDArray

from tuner.errors import EnvironmentFailed

ACTIONS = (gym.spaces.Box, gym.spaces.Discrete, gym.spaces.MultiDiscrete, gym.spaces.MultiBinary)
OBSERVATIONS = (*ACTIONS, gym.spaces.Dict)


def usable(env: gym.Env[Any, Any]) -> str:
    """Why PPO cannot use the environment's spaces, nothing where it can."""
    action, observation = env.action_space, env.observation_space
    if not isinstance(action, ACTIONS):
        return f"PPO cannot act in a {type(action).__name__} space"
    if isinstance(action, gym.spaces.Box) and not action.is_bounded():
        return "PPO cannot act without bounds, and the action space has none"
    if not isinstance(observation, OBSERVATIONS) or not observation.is_np_flattenable:
        return f"PPO's MlpPolicy cannot observe a {type(observation).__name__} space"
    return ""


def flat(space: gym.Space[Any], observation: Any) -> NDArray[np.float64]:
    """An observation as a row of numbers.

    Raises:
        EnvironmentFailed: where it does not fit its space.
    """
    try:
        if isinstance(space, gym.spaces.Box) and np.shape(observation) != space.shape:
            raise ValueError(f"shape {np.shape(observation)} in a space of shape {space.shape}")
        return np.asarray(utils.flatten(space, observation), dtype=np.float64)
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise EnvironmentFailed(f"an observation does not fit its space: {type(error).__name__}: {error}") from error


def bounds(space: gym.Space[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The least and the greatest of every number of a flat observation."""
    box = utils.flatten_space(space)
    assert isinstance(box, gym.spaces.Box)  # noqa: S101 - `usable` saw to it
    return box.low.astype(np.float64).ravel(), box.high.astype(np.float64).ravel()


def zero_action(space: gym.Space[Any]) -> Any:
    """The action that asks for nothing: zeros, or the nearest that the space holds."""
    if isinstance(space, gym.spaces.Box):
        return np.clip(np.zeros(space.shape), space.low, space.high).astype(space.dtype)
    if isinstance(space, gym.spaces.Discrete):
        return space.start
    if isinstance(space, gym.spaces.MultiDiscrete):
        return np.array(space.start, dtype=space.dtype)
    return np.zeros(space.shape or (), dtype=space.dtype)


def entries(space: gym.Space[Any]) -> int:
    """How many numbers an action has."""
    return int(np.prod(space.shape or (1,)))


def others(space: gym.Space[Any], action: Any, entry: int) -> list[Any]:
    """The action with one entry at its ends, or at each other choice."""
    if isinstance(space, gym.spaces.Discrete):
        return [space.start + choice for choice in range(int(space.n)) if space.start + choice != int(action)]
    flat_action = np.asarray(action)
    if isinstance(space, gym.spaces.Box):
        values = [space.low.ravel()[entry], space.high.ravel()[entry]]
    elif isinstance(space, gym.spaces.MultiDiscrete):
        start = np.ravel(space.start)[entry]
        values = list(range(start, start + int(np.ravel(space.nvec)[entry])))
    else:
        values = [0, 1]
    return [_with(flat_action, entry, value) for value in values if value != flat_action.ravel()[entry]]


def _with(action: NDArray[Any], entry: int, value: Any) -> NDArray[Any]:
    changed = action.copy()
    changed.reshape(-1)[entry] = value
    return changed
