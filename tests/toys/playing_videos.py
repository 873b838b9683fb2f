"""Videos read back."""

import re
import subprocess
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray


def described(path: Path) -> str:
    """ffmpeg's description of a video's stream."""
    found = re.search(rb"Video: .*", _ffmpeg("-i", str(path)).stderr)
    assert found
    return found.group().decode()


def frames(path: Path) -> NDArray[np.uint8]:
    """Every picture (n, h, w, 3)."""
    found = re.search(r", (\d+)x(\d+)", described(path))
    assert found
    width, height = map(int, found.groups())
    pixels = _ffmpeg("-i", str(path), "-f", "rawvideo", "-pix_fmt", "rgb24", "-").stdout
    return np.frombuffer(pixels, np.uint8).reshape(-1, height, width, 3)


def _ffmpeg(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", *arguments]
    return subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, check=False)


def green(picture: Any) -> bool:
    """Whether a picture has more green than red."""
    red, other, _ = np.asarray(picture, dtype=float).reshape(-1, 3).mean(axis=0)
    return bool(other > red)
