"""Wrappers that exports name: rl_zoo3 imports them, and the Stable-Baselines3 script has them written out."""

from typing import Any

import gymnasium as gym


def count_from_zero(env: gym.Env[Any, Any]) -> gym.Env[Any, Any]:
    """The environment with its discrete actions and observations counted from 0, as Stable-Baselines3 counts them."""
    action, observation = env.action_space, env.observation_space
    if (counted := zero_based(action)) != action:
        env = gym.wrappers.TransformAction(env, lambda value: moved(value, action, 1), counted)
    if (counted := zero_based(observation)) != observation:
        env = gym.wrappers.TransformObservation(env, lambda value: moved(value, observation, -1), counted)
    return env


def zero_based(space: gym.Space[Any]) -> gym.Space[Any]:
    """A space with its discrete parts beginning at 0; the same object if they do already."""
    if isinstance(space, gym.spaces.Dict):
        parts = {name: zero_based(part) for name, part in space.spaces.items()}
        return space if parts == space.spaces else gym.spaces.Dict(parts)
    if isinstance(space, gym.spaces.Discrete) and space.start != 0:
        return gym.spaces.Discrete(space.n)
    if isinstance(space, gym.spaces.MultiDiscrete) and space.start.any():
        return gym.spaces.MultiDiscrete(space.nvec, dtype=space.dtype)
    return space


def moved(value: Any, space: gym.Space[Any], sign: int) -> Any:
    """A value of a space, moved by the place at which each of its discrete parts begins."""
    if isinstance(space, gym.spaces.Dict):
        return {name: moved(value[name], part, sign) for name, part in space.spaces.items()}
    return value + sign * space.start if isinstance(space, gym.spaces.Discrete | gym.spaces.MultiDiscrete) else value
