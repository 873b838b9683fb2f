"""The policies that a check sends through an environment. None of them learns."""

import copy
from typing import Any, Protocol

import gymnasium as gym

from tuner.checking.spaces import zero_action
from tuner.errors import EnvironmentFailed
from tuner.training.making import blamed

HOOK = "make_expert"  # static or class method (env) -> callable observation -> action; see docs/environments.md


class Policy(Protocol):
    """Who acts."""

    def reset(self, seed: int) -> None:
        """An episode begins."""
        ...

    def __call__(self, observation: Any) -> Any:
        """The action for an observation."""
        ...


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


class Expert:
    """The controller that the environment's class offers."""

    def __init__(self, act: Any) -> None:
        self._act = act

    def reset(self, seed: int) -> None:  # noqa: ARG002
        """Tells the controller, where it wants to know, that the environment has begun an episode."""
        if hasattr(self._act, "reset"):
            try:
                self._act.reset()
            except Exception as error:
                raise blamed("the expert's reset", error) from error

    def __call__(self, observation: Any) -> Any:
        """The controller's action."""
        try:
            return self._act(observation)
        except Exception as error:
            raise blamed("the expert", error) from error


def make_policies(env: gym.Env[Any, Any]) -> dict[str, Policy]:
    """Zero and random, and the expert where the environment's class offers one.

    Raises:
        EnvironmentFailed: where it offers one and cannot make it.
    """
    policies: dict[str, Policy] = {"zero": Zero(env.action_space), "random": Random(env.action_space)}
    hook = getattr(type(env.unwrapped), HOOK, None)
    if hook is None:
        return policies
    try:
        act = hook(env.unwrapped)
    except Exception as error:
        raise blamed(HOOK, error) from error
    if not callable(act):
        raise EnvironmentFailed(f"{HOOK} must return a callable, observation -> action, not {type(act).__name__}")
    return {**policies, "expert": Expert(act)}
