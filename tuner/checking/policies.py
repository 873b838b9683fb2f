"""The policies of a check, actions and observations as flat numbers, and whether PPO can use the spaces."""

import copy
from collections.abc import Callable
from typing import Any, Protocol

import gymnasium as gym
import numpy as np
from gymnasium.spaces import utils
from numpy.typing import NDArray

from tuner.errors import EnvironmentFailed
from tuner.training.spaces import unobservable
from tuner.training.stepping import Expert, begin, masks_of, offers_expert

ACTIONS = (gym.spaces.Box, gym.spaces.Discrete, gym.spaces.MultiDiscrete, gym.spaces.MultiBinary)
ACTIONS_STREAM = 1  # any number: seeds of actions are drawn from it and the reset seed
OBSERVATIONS = (*ACTIONS, gym.spaces.Dict)


def usable(env: gym.Env[Any, Any]) -> str:
    """Why PPO cannot use the spaces of the environment; empty if it can."""
    action, observation = env.action_space, env.observation_space
    if not isinstance(action, ACTIONS):
        return f"PPO cannot act in a {type(action).__name__} space"
    if isinstance(action, gym.spaces.Box) and not action.is_bounded():
        return "PPO cannot act without bounds, and the action space has none"
    if fault := unobservable(observation):
        return fault
    if not isinstance(observation, OBSERVATIONS):
        return f"PPO cannot observe a {type(observation).__name__} space"
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
    """Lower and upper bound of every number of a flat observation."""
    box = utils.flatten_space(space)
    assert isinstance(box, gym.spaces.Box)  # noqa: S101 - checked by `usable`
    return box.low.astype(np.float64).ravel(), box.high.astype(np.float64).ravel()


def zero_action(space: gym.Space[Any]) -> Any:
    """The zero action, or the nearest to it in the space."""
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
    """Copies of the action with one entry at its bounds, or at each other choice."""
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


def seed_actions(space: gym.Space[Any], episode: int) -> None:
    """Seeds random actions by an episode's reset seed, so that they are no numbers which the environment draws too."""
    space.seed(int(np.random.SeedSequence((ACTIONS_STREAM, episode)).generate_state(1)[0]))


class Policy(Protocol):
    """A policy of a check."""

    def reset(self, seed: int) -> None:
        """Begins an episode with this seed."""

    def __call__(self, observation: Any) -> Any:
        """The action for an observation."""


Masks = Callable[[], NDArray[np.bool_]] | None


class Zero:
    """The zero action in every step, the first valid one where the environment tells which are."""

    def __init__(self, space: gym.Space[Any], masks: Masks = None) -> None:
        self._action = zero_action(space)
        self._masks = masks if isinstance(space, gym.spaces.Discrete) else None

    def reset(self, seed: int) -> None:
        """Nothing to do."""

    def __call__(self, observation: Any) -> Any:  # noqa: ARG002
        """The zero action."""
        return copy.copy(self._action) if self._masks is None else int(np.argmax(self._masks()))


class Random:
    """Random actions from the whole action space, or of the valid ones, by the seed of the episode."""

    def __init__(self, space: gym.Space[Any], masks: Masks = None) -> None:
        self._space = copy.deepcopy(space)
        self._masks = masks

    def reset(self, seed: int) -> None:
        """Seeds the action space, with a stream of its own."""
        seed_actions(self._space, seed)

    def __call__(self, observation: Any) -> Any:  # noqa: ARG002
        """A random action."""
        return self._space.sample() if self._masks is None else masked_sample(self._space, self._masks())


def masked_sample(space: gym.Space[Any], mask: NDArray[np.bool_]) -> Any:
    """A random action of those that a mask allows; any of a space without masks."""
    if isinstance(space, gym.spaces.Discrete):
        return space.sample(mask=mask.ravel().astype(np.int8))
    if isinstance(space, gym.spaces.MultiDiscrete):
        parts = np.split(mask.ravel().astype(np.int8), np.cumsum(space.nvec)[:-1])
        return space.sample(mask=tuple(parts))
    return space.sample()


def make_policies(env: gym.Env[Any, Any], seed: int) -> dict[str, Policy]:
    """Zero, random, and the expert if the environment has one; begins an episode to find out.

    Raises:
        EnvironmentFailed: where it has one and cannot make it.
    """
    masks, space = masks_of(env), env.action_space
    policies: dict[str, Policy] = {"zero": Zero(space, masks), "random": Random(space, masks)}
    if not offers_expert(env):
        return policies
    expert = Expert(env)
    begin(env, seed)
    try:
        expert.reset(seed)
    except NotImplementedError:  # a base class that only declares the hook
        return policies
    return {**policies, "expert": expert}
