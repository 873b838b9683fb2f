"""The wrapper that counts from 0: spaces, actions and observations, for every kind of discrete space."""

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.spaces import Box, Dict, Discrete, MultiDiscrete

from tuner.wrappers import count_from_zero, zero_based


class Echo(gym.Env[Any, Any]):
    """Observes its last action."""

    def __init__(self, space: gym.Space[Any]) -> None:
        self.action_space = self.observation_space = space

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        super().reset(seed=seed)
        return self.observation_space.sample(), {}

    def step(self, action: Any) -> Any:
        assert self.action_space.contains(action), action
        return action, 0.0, False, False, {}


SPACES = [
    Discrete(3, start=1),
    Discrete(4, start=-2),
    MultiDiscrete([2, 3], start=[1, -1]),
    MultiDiscrete(np.array([[2, 3], [4, 5]]), start=np.array([[1, 0], [0, 9]])),
    Dict({"gear": Discrete(3, start=1), "deep": Dict({"m": MultiDiscrete([2, 2], start=[5, 5])}), "x": Box(-1, 1)}),
]


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_actions_and_observations_are_counted_from_0(space: gym.Space[Any]) -> None:
    env = count_from_zero(Echo(space))
    assert zero_based(env.action_space) is env.action_space
    env.action_space.seed(1)
    for _ in range(10):
        action = env.action_space.sample()
        observation = env.step(action)[0]
        assert env.observation_space.contains(observation)
        assert str(observation) == str(action)
    assert env.observation_space.contains(env.reset(seed=1)[0])


@pytest.mark.parametrize("space", [Discrete(3), MultiDiscrete([2, 3]), Box(-1, 1), Dict({"a": Discrete(2)})], ids=str)
def test_what_begins_at_0_is_left_alone(space: gym.Space[Any]) -> None:
    env = Echo(space)
    assert count_from_zero(env) is env
