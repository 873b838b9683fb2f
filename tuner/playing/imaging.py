"""Pictures of an environment: the doorway to imageio, and an episode as one picture, moments side by side."""

import subprocess
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from tuner.errors import EnvironmentFailed, RecordingFailed
from tuner.training.making import blaming

USUAL_FPS = 30.0  # where an environment does not tell
BLOCK = 16  # pixels: video coders work in blocks of so many

Picture = NDArray[np.uint8]  # (height, width, 3)


def take(env: gym.Env[Any, Any]) -> Picture:
    """What the environment looks like now.

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
    """How many pictures make a second, as the environment's metadata has it.

    Raises:
        EnvironmentFailed: where that is no rate.
    """
    told = env.metadata.get("render_fps") or USUAL_FPS
    if isinstance(told, bool) or not isinstance(told, int | float) or not 0.1 <= told <= 1000:
        raise EnvironmentFailed(f"metadata['render_fps'] must be a number from 0.1 to 1000, not {told!r}")
    return float(told)


def whole_blocks(picture: Picture) -> Picture:
    """The picture with its border drawn out to the next whole block on every side."""
    height, width, _ = picture.shape
    down, right = -height % BLOCK, -width % BLOCK
    sides = ((down // 2, down - down // 2), (right // 2, right - right // 2), (0, 0))
    return np.pad(picture, sides, mode="edge") if down or right else picture


CODEC = "libx264"
PATIENCE = 60  # s in which a program that is asked what it can do must answer
WAY_OUT = (
    "`pip install imageio-ffmpeg` brings one, the variable IMAGEIO_FFMPEG_EXE names another, -o FILE.png needs none"
)


def find_ffmpeg() -> str:
    """An ffmpeg that runs and codes h264.

    Raises:
        RecordingFailed: where there is none.
    """
    import imageio_ffmpeg

    try:
        program: str = imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError:
        raise RecordingFailed(f"there is no ffmpeg to code a video ({WAY_OUT})") from None
    command = [program, "-hide_banner", "-encoders"]
    try:
        said = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=PATIENCE, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError) as error:
        why = error.strerror if isinstance(error, OSError) else _why(error)
        raise RecordingFailed(f"ffmpeg {program!r} does not run: {why} ({WAY_OUT})") from None
    if CODEC.encode() not in said.stdout:
        raise RecordingFailed(f"ffmpeg {program!r} was built without {CODEC}, which browsers' h264 needs ({WAY_OUT})")
    return program


def _why(error: subprocess.SubprocessError) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        return f"asked for its encoders, it ended with {error.returncode}"
    return f"it did not answer in {PATIENCE} s"


def write_png(path: Path, picture: Picture) -> None:
    """Writes a picture, whatever the name's ending."""
    import imageio.v3

    # Made in memory: imageio leaves a traceback where a disk is full.
    path.write_bytes(imageio.v3.imwrite("<bytes>", picture, extension=".png", optimize=True))


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
