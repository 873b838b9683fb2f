"""The names and kinds of the numbers of a flat observation."""

import gymnasium as gym
import numpy as np
from gymnasium.spaces import utils

from tuner.checking.entries import entries_of

ARM = gym.spaces.Box(-1.0, 1.0, (2,), np.float32)
CAMERA = gym.spaces.Box(0, 255, (2, 2, 3), np.uint8)


def test_entries_of_a_dict_carry_its_keys_in_gymnasiums_order() -> None:
    space = gym.spaces.Dict({"step": gym.spaces.Box(0.0, 9.0, (1,)), "arm": ARM, "kind": gym.spaces.Discrete(3)})
    found = entries_of(space)
    assert len(found.names) == utils.flatdim(space)
    by_name = dict(zip(found.names, utils.flatten(space, {"arm": [1, 2], "kind": 1, "step": [7]}), strict=True))
    assert by_name == {"arm[0]": 1, "arm[1]": 2, "kind[0]": 0, "kind[1]": 1, "kind[2]": 0, "step": 7}
    assert found.named([0, 1]) == "entries arm[0], arm[1]"
    assert [name for name, one in zip(found.names, found.measured, strict=True) if one] == ["arm[0]", "arm[1]", "step"]


def test_pixels_are_no_measurements() -> None:
    found = entries_of(gym.spaces.Dict({"arm": ARM, "camera": CAMERA}))
    assert (int(found.measured.sum()), int(found.pixels.sum())) == (2, 12)


def test_a_flat_observation_is_numbered() -> None:
    assert entries_of(ARM).named([1]) == "entry 1"
    assert entries_of(gym.spaces.Box(-1.0, 1.0, (20,))).named(range(20)).endswith("7 and 12 more")
