"""The controllers that environments bring along, to show that their task can be done. Loads no learning library."""

from typing import Any

import gymnasium as gym

from tuner.errors import EnvironmentFailed
from tuner.training.making import blamed

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
