"""What the numbers of a flat observation are: measurements, pixels, or places of a choice."""

from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.spaces import utils
from numpy.typing import NDArray

from tuner.record_type import Record
from tuner.training.spaces import is_picture

MOST_NAMED = 8  # entries that a line names


class Entries(Record):
    """The entries of a flat observation."""

    names: tuple[str, ...]  # their indices; in a Dict with the key in front
    measured: NDArray[np.bool_]  # numbers that a policy sees as they are, and should be scaled
    pixels: NDArray[np.bool_]

    def named(self, entries: Sequence[int]) -> str:
        """Entries in words."""
        return numbered([self.names[entry] for entry in entries])


def numbered(entries: Sequence[int | str]) -> str:
    """Entries by their numbers or names, in words."""
    shown = ", ".join(map(str, entries[:MOST_NAMED]))
    more = len(entries) - MOST_NAMED
    word = "entry" if len(entries) == 1 else "entries"
    return f"{word} {shown}" + (f" and {more} more" if more > 0 else "")


def entries_of(space: gym.Space[Any]) -> Entries:
    """The entries of observations, in the order in which Gymnasium flattens them."""
    if isinstance(space, gym.spaces.Dict):
        parts = {key: entries_of(part) for key, part in space.spaces.items()}
        return Entries(
            names=tuple(name for key, part in parts.items() for name in _below(key, part.names)),
            measured=np.concatenate([part.measured for part in parts.values()]),
            pixels=np.concatenate([part.pixels for part in parts.values()]),
        )
    count = utils.flatdim(space)
    picture, box = is_picture(space), isinstance(space, gym.spaces.Box) and space.dtype != np.uint8
    names = tuple(map(str, range(count)))
    return Entries(names=names, measured=np.full(count, box), pixels=np.full(count, picture))


def _below(key: str, names: Sequence[str]) -> list[str]:
    return [key] if len(names) == 1 else [f"{key}[{name}]" for name in names]
