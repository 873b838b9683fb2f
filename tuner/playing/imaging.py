"""The doorway to imageio: a coder for films, and PNG."""

import subprocess
from pathlib import Path

from tuner.errors import FilmFailed
from tuner.playing.frames import Picture

CODEC = "libx264"
PATIENCE = 60  # s in which a program that is asked what it can do must answer
WAY_OUT = (
    "`pip install imageio-ffmpeg` brings one, the variable IMAGEIO_FFMPEG_EXE names another, -o FILE.png needs none"
)


def find_ffmpeg() -> str:
    """An ffmpeg that runs and codes h264.

    Raises:
        FilmFailed: where there is none.
    """
    import imageio_ffmpeg

    try:
        program: str = imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError:
        raise FilmFailed(f"there is no ffmpeg to code a film ({WAY_OUT})") from None
    command = [program, "-hide_banner", "-encoders"]
    try:
        said = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=PATIENCE, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError) as error:
        why = error.strerror if isinstance(error, OSError) else _why(error)
        raise FilmFailed(f"ffmpeg {program!r} does not run: {why} ({WAY_OUT})") from None
    if CODEC.encode() not in said.stdout:
        raise FilmFailed(f"ffmpeg {program!r} was built without {CODEC}, which browsers' h264 needs ({WAY_OUT})")
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
