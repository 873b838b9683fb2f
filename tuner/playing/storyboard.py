"""One episode as one picture: moments from its start to its end, side by side."""

from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np

from tuner.playing.imaging import Picture, take, write_png

COLUMNS, ROWS = 3, 2
HELD = 64  # pictures in memory at the most
GAP = 4  # pixels of white between them


class Storyboard:
    """Keeps every picture of a short episode, of a longer one every second, fourth and so on, and the last."""

    render_mode = "rgb_array"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: list[Picture] = []
        self._last: Picture | None = None
        self._count, self._stride = 0, 1

    def show(self, env: gym.Env[Any, Any], *, hold: float = 0.0) -> None:  # noqa: ARG002
        """Takes the next picture."""
        self._last = take(env)
        if self._count % self._stride == 0:
            self._kept.append(self._last)
        self._count += 1
        if len(self._kept) > HELD:
            self._kept, self._stride = self._kept[::2], 2 * self._stride

    def finish(self) -> None:
        """Writes the picture."""
        if self._last is None:
            return
        before = self._kept[:-1] if self._kept[-1] is self._last else self._kept
        write_png(self._path, in_a_grid(moments([*before, self._last], COLUMNS * ROWS)))

    def close(self) -> None:
        """Nothing is open."""


def moments(pictures: list[Picture], count: int) -> list[Picture]:
    """So many of the pictures, evenly from the first to the last; all of them where they are fewer."""
    chosen = np.unique(np.linspace(0, len(pictures) - 1, count).round().astype(int))
    return [pictures[index] for index in chosen]


def in_a_grid(pictures: list[Picture]) -> Picture:
    """The pictures (h, w, 3) in rows, as one."""
    height, width, _ = pictures[0].shape
    columns = min(COLUMNS, len(pictures))
    rows = -(-len(pictures) // columns)
    grid = np.full((rows * (height + GAP) - GAP, columns * (width + GAP) - GAP, 3), 255, np.uint8)
    for index, picture in enumerate(pictures):
        top, left = index // columns * (height + GAP), index % columns * (width + GAP)
        grid[top : top + height, left : left + width] = picture
    return grid
