"""Actions and observations of every space that PPO can use."""

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces

from tuner.checking.policies import entries, flat, others, usable, zero_action

ACTIONS: dict[str, tuple[gym.Space[Any], Any, int, int]] = {  # space, zero, entries, other values of the last entry
    "box": (spaces.Box(-1.0, 1.0, (2, 3), np.float32), np.zeros((2, 3)), 6, 2),
    "box without zero": (spaces.Box(2.0, 5.0, (1,), np.float32), np.array([2.0]), 1, 1),
    "discrete": (spaces.Discrete(4, start=2), 2, 1, 3),
    "switches": (spaces.MultiDiscrete([3, 4]), np.zeros(2), 2, 3),
    "bits": (spaces.MultiBinary(3), np.zeros(3), 3, 1),
}


@pytest.mark.parametrize(("space", "zero", "count", "choices"), ACTIONS.values(), ids=ACTIONS)
def test_zero_and_its_neighbours_are_actions(space: gym.Space[Any], zero: Any, count: int, choices: int) -> None:
    action = zero_action(space)
    assert np.array_equal(action, zero)
    assert action in space
    assert entries(space) == count
    changed = others(space, action, count - 1)
    assert len(changed) == choices
    for other in changed:
        assert other in space
        assert np.sum(np.asarray(other) != np.asarray(action)) == 1


class Spaces(gym.Env[Any, Any]):
    def __init__(self, action: gym.Space[Any], observation: gym.Space[Any]) -> None:
        self.action_space, self.observation_space = action, observation


BOX = spaces.Box(-1.0, 1.0, (2,), np.float32)


class Mission(gym.Space[str]):
    """A space of a class of its own, as MiniGrid has for its missions: it does not say whether it can be flattened."""


@pytest.mark.parametrize(
    ("action", "observation", "words"),
    [
        (BOX, BOX, ""),
        (BOX, spaces.Dict({"a": BOX, "b": spaces.Discrete(3)}), ""),
        (spaces.Tuple([BOX]), BOX, "cannot act in a Tuple space"),
        (spaces.Box(-np.inf, np.inf, (2,), np.float32), BOX, "cannot act without bounds"),
        (BOX, spaces.Sequence(BOX), "cannot observe a Sequence space"),
        (BOX, spaces.Dict({"a": spaces.Sequence(BOX)}), "the entry 'a' of its observations is a Sequence space"),
        (BOX, spaces.Dict({"image": BOX, "mission": Mission()}), "'mission' of its observations is a Mission space"),
        (BOX, spaces.Dict({"a": spaces.Dict({"b": BOX})}), "'a' of its observations is a Dict itself"),
    ],
)
def test_what_ppo_cannot_use_is_named(action: gym.Space[Any], observation: gym.Space[Any], words: str) -> None:
    said = usable(Spaces(action, observation))
    assert words in said
    assert bool(words) == bool(said)


def test_observations_become_rows() -> None:
    space = spaces.Dict({"a": BOX, "b": spaces.Discrete(3)})
    assert flat(space, {"a": np.array([0.5, -0.5]), "b": 1}).tolist() == [0.5, -0.5, 0.0, 1.0, 0.0]
