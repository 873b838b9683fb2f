"""Pictures of an environment, PNG files, and an episode as a grid of pictures."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from tuner.errors import EnvironmentFailed
from tuner.training.making import blaming

USUAL_FPS = 30.0  # if the environment gives no rate

Picture = NDArray[np.uint8]  # (height, width, 3)


def take(env: gym.Env[Any, Any]) -> Picture:
    """A picture of the environment.

    Raises:
        EnvironmentFailed: where it raises, or returns no picture.
    """
    with blaming("render"):
        picture = np.asarray(env.render())
    if picture.ndim != 3 or picture.shape[2] not in (3, 4) or picture.dtype != np.uint8 or 0 in picture.shape:
        raise EnvironmentFailed(
            f"render() must return a picture of shape (height, width, 3) of uint8 with render_mode='rgb_array', "
            f"not {picture.dtype} of shape {picture.shape}"
        )
    return picture[:, :, :3]


def frames_a_second(env: gym.Env[Any, Any]) -> float:
    """Frames per second by the environment's metadata.

    Raises:
        EnvironmentFailed: where they have no valid rate.
    """
    rate = env.metadata.get("render_fps") or USUAL_FPS
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0.1 <= rate <= 1000:
        raise EnvironmentFailed(f"metadata['render_fps'] must be a number from 0.1 to 1000, not {rate!r}")
    return float(rate)


def write_png(path: Path, picture: Picture) -> None:
    """Writes a picture as PNG, whatever the ending of the name."""
    from PIL import Image

    encoded = io.BytesIO()
    Image.fromarray(picture).save(encoded, "PNG", optimize=True)
    path.write_bytes(encoded.getvalue())


COLUMNS, ROWS = 3, 2
HELD = 64  # most pictures in memory
GAP = 4  # white pixels between pictures


class Storyboard:
    """An episode as one picture: a grid of moments from the first to the last.

    Keeps every picture of a short episode, every second, fourth and so on of a longer one, and the last.
    """

    render_mode = "rgb_array"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: list[Picture] = []
        self._last: Picture | None = None
        self._count, self._stride = 0, 1

    def show(self, take_picture: Callable[[], Picture], fps: float, *, hold: float = 0.0) -> None:  # noqa: ARG002
        """Adds the next picture."""
        self._last = take_picture()
        if self._count % self._stride == 0:
            self._kept.append(self._last)
        self._count += 1
        if len(self._kept) > HELD:
            self._kept, self._stride = self._kept[::2], 2 * self._stride

    def finish(self) -> None:
        """Writes the grid."""
        if self._last is None:
            return
        before = self._kept[:-1] if self._kept[-1] is self._last else self._kept
        write_png(self._path, in_a_grid(moments([*before, self._last], COLUMNS * ROWS), COLUMNS))

    def close(self) -> None:
        """Does nothing: no file is open."""


def moments(pictures: list[Picture], count: int) -> list[Picture]:
    """`count` of the pictures, evenly from the first to the last; all if they are fewer."""
    chosen = np.unique(np.linspace(0, len(pictures) - 1, count).round().astype(int))
    return [pictures[index] for index in chosen]


def in_a_grid(pictures: Sequence[Picture], columns: int) -> Picture:
    """The pictures, each (h, w, 3), in a grid of at most so many columns as one."""
    if len(pictures) == 1:
        return pictures[0]
    height, width, _ = pictures[0].shape
    columns = min(columns, len(pictures))
    rows = -(-len(pictures) // columns)
    grid = np.full((rows * (height + GAP) - GAP, columns * (width + GAP) - GAP, 3), 255, np.uint8)
    for index, picture in enumerate(pictures):
        top, left = index // columns * (height + GAP), index % columns * (width + GAP)
        grid[top : top + height, left : left + width] = picture
    return grid
