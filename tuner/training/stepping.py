"""An environment's reset, step, info and expert, with its name on what it does wrong. Loads no learning library."""

from typing import Any

import gymnasium as gym
import numpy as np

from tuner.errors import EnvironmentFailed
from tuner.training.making import blamed, blaming

Info = dict[str, Any]


def begin(env: gym.Env[Any, Any], seed: int) -> tuple[Any, Info]:
    """Starts an episode.

    Raises:
        EnvironmentFailed: if the environment raises.
    """
    with blaming("reset"):
        observation, info = env.reset(seed=seed)
    return observation, info


def advance(env: gym.Env[Any, Any], action: Any) -> tuple[Any, float, bool, bool, Info]:
    """One step.

    Raises:
        EnvironmentFailed: if the environment raises, or returns what no step returns.
    """
    try:
        observation, reward, terminated, truncated, info = env.step(action)
        return observation, np.asarray(reward, dtype=float).item(), bool(terminated), bool(truncated), info
    except Exception as error:
        raise blamed("step", error) from error


def number(info: Info, key: str) -> float | None:
    """A number of `info`, None if it is not told.

    Raises:
        EnvironmentFailed: if it is told, and no number.
    """
    if info.get(key) is None:
        return None
    try:
        return float(info[key])
    except (TypeError, ValueError):
        raise EnvironmentFailed(f"info[{key!r}] must be a number, not {info[key]!r}") from None


HOOK = "make_expert"  # static, class or plain method (env) -> callable observation -> action; see docs/environments.md


def offers_expert(env: gym.Env[Any, Any]) -> bool:
    """Whether the environment's class has the hook; it may still say that there is none."""
    return getattr(type(env.unwrapped), HOOK, None) is not None


class Expert:
    """The controller that the environment's class offers, asked for anew in every episode."""

    def __init__(self, env: gym.Env[Any, Any]) -> None:
        self._env = env.unwrapped
        self._act: Any = None

    def reset(self, seed: int) -> None:  # noqa: ARG002
        """Asks for the controller of the episode that has begun; tells it so, where it wants to know.

        Raises:
            EnvironmentFailed: if there is none, or it cannot be made.
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
        with blaming("the expert"):
            return self._act(observation)
