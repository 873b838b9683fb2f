"""Resets and steps an environment and calls its expert, with errors that blame it. Loads no learning library."""

from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from tuner.errors import EnvironmentFailed
from tuner.training.border import begun, stepped
from tuner.training.making import RAISED, blamed, blaming
from tuner.training.wrapping import BehindWrappers

Info = dict[str, Any]


def begin(env: gym.Env[Any, Any], seed: int | None = None) -> tuple[Any, Info]:
    """Starts an episode; without a seed as training does, by a bare `reset()`.

    Raises:
        EnvironmentFailed: if the environment raises.
    """
    with blaming("reset"):
        returned = env.reset() if seed is None else env.reset(seed=seed)
    return begun(returned, env.observation_space)


def advance(env: gym.Env[Any, Any], action: Any) -> tuple[Any, float, bool, bool, Info]:
    """One step.

    Raises:
        EnvironmentFailed: if the environment raises, or returns something else than a step's five values.
    """
    try:
        return stepped(env.step(action), env.observation_space)
    except EnvironmentFailed:
        raise
    except RAISED as error:
        raise blamed("step", error) from error


MASKS = "action_masks"  # method () -> booleans, which choices of the next action are valid, as sb3-contrib has it


def masks_of(env: gym.Env[Any, Any]) -> Callable[[], NDArray[np.bool_]] | None:
    """The environment's method that tells which actions are valid, None if it has none."""
    if not env.has_wrapper_attr(MASKS):
        return None
    method = env.get_wrapper_attr(MASKS)

    def ask() -> NDArray[np.bool_]:
        with blaming(MASKS):
            return np.asarray(method(), dtype=bool)

    return ask


HOOK = "make_expert"  # static, class or plain method (env) -> (observation -> action); see docs/howto/environments.md


def offers_expert(env: gym.Env[Any, Any]) -> bool:
    """Whether the environment's class has `make_expert`; it may still raise NotImplementedError."""
    return getattr(type(env.unwrapped), HOOK, None) is not None


class Expert:
    """The scripted controller of the environment's class, made anew in every episode."""

    def __init__(self, env: gym.Env[Any, Any]) -> None:
        self._env = env.unwrapped
        self._act: Any = None
        self._outside = env.action_space
        self._behind = _behind(env)

    def reset(self, seed: int) -> None:  # noqa: ARG002
        """Makes the controller for the episode that has begun, and calls its `reset` if it has one.

        Raises:
            EnvironmentFailed: if it cannot be made or is not callable.
        """
        try:
            self._act = getattr(type(self._env), HOOK)(self._env)
            if hasattr(self._act, "reset"):
                self._act.reset()
        except NotImplementedError:
            raise
        except RAISED as error:
            raise blamed(HOOK, error) from error
        if not callable(self._act):
            kind = type(self._act).__name__
            raise EnvironmentFailed(f"{HOOK} must return a callable, observation -> action, not {kind}")

    def __call__(self, observation: Any) -> Any:
        """The controller's action for an observation; the environment's own one where wrappers change it."""
        with blaming("the expert"):
            if self._behind is None:
                return self._act(observation)
            return self._behind.act_past_wrappers(self._act(self._behind.seen), self._outside)


def _behind(env: gym.Env[Any, Any]) -> BehindWrappers | None:
    while isinstance(env, gym.Wrapper) and not isinstance(env, BehindWrappers):
        env = env.env
    return env if isinstance(env, BehindWrappers) else None
