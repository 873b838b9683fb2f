"""The policies that a check sends through an environment. None of them learns."""

import copy
from typing import Any, Protocol

import gymnasium as gym

from tuner.checking.episodes import begin
from tuner.checking.spaces import zero_action
from tuner.errors import EnvironmentFailed
from tuner.training.making import blamed

HOOK = "make_expert"  # static, class or plain method (env) -> callable observation -> action; see docs/environments.md


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
    """The controller that the environment's class offers, asked for anew in every episode."""

    def __init__(self, env: gym.Env[Any, Any]) -> None:
        self._env = env.unwrapped
        self._act: Any = None

    def reset(self, seed: int) -> None:  # noqa: ARG002
        """Asks for the controller of the episode that has begun; tells it so, where it wants to know.

        Raises:
            EnvironmentFailed: where there is none, or it cannot be made.
        """
        try:
            self._act = getattr(type(self._env), HOOK)(self._env)
            if hasattr(self._act, "reset"):
                self._act.reset()
        except NotImplementedError:
            raise
        except Exception as error:
            raise blamed(HOOK, error) from error
        if not callable(self._act):
            kind = type(self._act).__name__
            raise EnvironmentFailed(f"{HOOK} must return a callable, observation -> action, not {kind}")

    def __call__(self, observation: Any) -> Any:
        """The controller's action."""
        try:
            return self._act(observation)
        except Exception as error:
            raise blamed("the expert", error) from error


def make_policies(env: gym.Env[Any, Any], seed: int) -> dict[str, Policy]:
    """Zero and random, and the expert where the environment's class offers one; begins an episode to see.

    Raises:
        EnvironmentFailed: where it offers one and cannot make it.
    """
    policies: dict[str, Policy] = {"zero": Zero(env.action_space), "random": Random(env.action_space)}
    if getattr(type(env.unwrapped), HOOK, None) is None:
        return policies
    expert = Expert(env)
    begin(env, seed)
    try:
        expert.reset(seed)
    except NotImplementedError:  # a base class names the hook and leaves it to others
        return policies
    return {**policies, "expert": expert}
