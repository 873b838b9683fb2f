"""What an environment returns, looked at once for every use: its type, its shape; blamed on the environment."""

from typing import Any

import gymnasium as gym
import numpy as np

from tuner.errors import EnvironmentFailed
from tuner.training.signals import single

OLD_API = (
    "that is the API of Gym before 0.26; return what Gymnasium's does, or wrap it with shimmy's GymV26/V21 wrapper"
)


def begun(returned: Any, space: gym.Space[Any]) -> tuple[Any, dict[str, Any]]:
    """Observation and info of a reset.

    Raises:
        EnvironmentFailed: where it returned something else.
    """
    if not isinstance(returned, tuple) or len(returned) != 2:
        raise EnvironmentFailed(f"reset must return (observation, info), not {_kind(returned)}: {OLD_API}")
    return _observation(returned[0], space), _info(returned[1], "reset")


def stepped(returned: Any, space: gym.Space[Any]) -> tuple[Any, float, bool, bool, dict[str, Any]]:
    """The five values of a step.

    Raises:
        EnvironmentFailed: where it returned something else.
    """
    if not isinstance(returned, tuple) or len(returned) != 5:
        way_out = f": {OLD_API}" if isinstance(returned, tuple) and len(returned) == 4 else ""
        expected = "(observation, reward, terminated, truncated, info)"
        raise EnvironmentFailed(f"step must return {expected}, not {_kind(returned)}{way_out}")
    observation, reward, terminated, truncated, info = returned
    if not isinstance(reward, float):
        reward = _reward(reward)
    return _observation(observation, space), reward, bool(terminated), bool(truncated), _info(info, "step")


def _reward(value: Any) -> float:
    number = single(value)
    if number is None:
        raise EnvironmentFailed(f"the reward must be one number, not {_kind(value)}")
    return number


def _info(value: Any, where: str) -> dict[str, Any]:
    """The info; None is taken for an empty one."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise EnvironmentFailed(f"info must be a dictionary, and {where} returned {_kind(value)}")
    return value


def _observation(value: Any, space: gym.Space[Any]) -> Any:
    """The observation, copied, since some environments return the same array in every step."""
    if isinstance(space, gym.spaces.Box):
        try:
            array = np.array(value, dtype=space.dtype)
        except (TypeError, ValueError) as error:
            raise EnvironmentFailed(f"an observation is no array of numbers: {error}") from None
        if array.shape != space.shape:
            raise EnvironmentFailed(
                f"an observation does not fit its space: shape {array.shape} in a space of shape {space.shape}"
            )
        return array
    if isinstance(space, gym.spaces.Dict) and isinstance(value, dict):
        missing = [name for name in space.spaces if name not in value]
        if missing:
            raise EnvironmentFailed(f"an observation lacks {', '.join(map(repr, missing))} of its space")
        return {name: _observation(value[name], part) for name, part in space.spaces.items()}
    return value.copy() if isinstance(value, np.ndarray) else value


def _kind(value: Any) -> str:
    if isinstance(value, tuple):
        return f"{len(value)} values"
    shape = np.shape(value) if isinstance(value, np.ndarray | list) else ()
    return f"an array of shape {shape}" if shape else f"{type(value).__name__} {value!r}"[:80]
