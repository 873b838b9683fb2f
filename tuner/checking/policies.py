"""Actions and observations as flat numbers, and whether PPO can use their spaces at all."""

import copy
from typing import Any, Protocol

import gymnasium as gym
import numpy as np
from gymnasium.spaces import utils
from numpy.typing import NDArray

from tuner.errors import EnvironmentFailed
from tuner.training.stepping import Expert, begin, offers_expert

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


class Policy(Protocol):
    """Who acts."""

    def reset(self, seed: int) -> None:
        """An episode begins."""

    def __call__(self, observation: Any) -> Any:
        """The action for an observation."""


class Zero:
    """Asks for nothing, ever."""

    def __init__(self, space: gym.Space[Any]) -> None:
        self._action = zero_action(space)

    def reset(self, seed: int) -> None:
        """Nothing to do."""

    def __call__(self, observation: Any) -> Any:  # noqa: ARG002
        """The same action for every observation."""
        return copy.copy(self._action)


class Random:
    """Draws from the whole action space, from the episode's own seed."""

    def __init__(self, space: gym.Space[Any]) -> None:
        self._space = copy.deepcopy(space)

    def reset(self, seed: int) -> None:
        """Draws anew."""
        self._space.seed(seed)

    def __call__(self, observation: Any) -> Any:  # noqa: ARG002
        """Another action every time."""
        return self._space.sample()


def make_policies(env: gym.Env[Any, Any], seed: int) -> dict[str, Policy]:
    """Zero and random, and the expert where the environment's class offers one; begins an episode to see.

    Raises:
        EnvironmentFailed: where it offers one and cannot make it.
    """
    policies: dict[str, Policy] = {"zero": Zero(env.action_space), "random": Random(env.action_space)}
    if not offers_expert(env):
        return policies
    expert = Expert(env)
    begin(env, seed)
    try:
        expert.reset(seed)
    except NotImplementedError:  # a base class names the hook and leaves it to others
        return policies
    return {**policies, "expert": expert}
