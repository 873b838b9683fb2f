"""The policies that a check sends through an environment. None of them learns."""

import copy
from typing import Any, Protocol

import gymnasium as gym

from tuner.checking.spaces import zero_action
from tuner.training.stepping import Expert, begin, offers_expert


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
