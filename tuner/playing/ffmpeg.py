"""ffmpeg, run as a program of its own; the doorway to imageio-ffmpeg, which brings it."""

import contextlib
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tuner.errors import RecordingFailed

ANSWER_LIMIT = 60  # s for ffmpeg to list its encoders
WAY_OUT = "`pip install imageio-ffmpeg`, set IMAGEIO_FFMPEG_EXE to another, or use -o FILE.png, which needs none"


def find_ffmpeg(encoders: Mapping[str, str]) -> str:
    """Path of an ffmpeg that runs and has the encoders, given with what needs each.

    Raises:
        RecordingFailed: where there is none.
    """
    import imageio_ffmpeg

    try:
        program: str = imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError:
        raise RecordingFailed(f"no ffmpeg found to encode the video ({WAY_OUT})") from None
    command = [program, "-hide_banner", "-encoders"]
    try:
        said = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=ANSWER_LIMIT, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError) as error:
        why = error.strerror if isinstance(error, OSError) else _why(error)
        raise RecordingFailed(f"ffmpeg {program!r} does not run: {why} ({WAY_OUT})") from None
    for encoder, need in encoders.items():
        if encoder.encode() not in said.stdout:
            raise RecordingFailed(f"ffmpeg {program!r} was built without {encoder}, which {need} needs ({WAY_OUT})")
    return program


def _why(error: subprocess.SubprocessError) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        return f"`-encoders` ended with exit code {error.returncode}"
    return f"it did not answer in {ANSWER_LIMIT} s"


class Encoder:
    """An ffmpeg process that encodes raw pictures as they come."""

    def __init__(self, program: str, path: Path, size: tuple[int, int], fps: float, coding: Sequence[str]) -> None:
        """Starts it.

        Args:
            program: The path of ffmpeg.
            path: The file that it writes.
            size: Width and height of the pictures, in pixels.
            fps: Pictures per second.
            coding: Its options for the file.
        """
        self.fps = fps
        source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{size[0]}x{size[1]}", "-r", f"{fps:g}", "-i", "-"]
        command = [program, "-y", "-loglevel", "error", *source, *coding, str(path)]
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        # In its own session, so that Ctrl-C reaches this process alone.
        self._process = subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.PIPE, stderr=self._said, start_new_session=True
        )

    def take(self, pixels: bytes) -> None:
        """Encodes a picture."""
        try:
            self._stream().write(pixels)
        except OSError:
            raise self._failed() from None

    def finish(self) -> None:
        """Waits until the file is complete.

        Raises:
            RecordingFailed: where ffmpeg fails.
        """
        try:
            self._stream().close()
        except OSError:
            raise self._failed() from None
        if self._process.wait() != 0:
            raise self._failed()

    def close(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.wait()
        with contextlib.suppress(OSError):  # unwritten data have no reader any more
            self._stream().close()
        self._said.close()

    def _stream(self) -> Any:
        return self._process.stdin

    def _failed(self) -> RecordingFailed:
        code = self._process.wait()
        self._said.seek(0)
        return failure(self._said.read(), code)


def convert(program: str, arguments: Sequence[str]) -> None:
    """Runs ffmpeg from files to a file.

    Raises:
        RecordingFailed: where it fails.
    """
    command = [program, "-y", "-loglevel", "error", *arguments]
    done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, start_new_session=True, check=False)  # noqa: S603
    if done.returncode != 0:
        raise failure(done.stderr, done.returncode)


def failure(said: bytes, code: int) -> RecordingFailed:
    """The error that ffmpeg printed before it ended."""
    lines = said.decode(errors="replace").strip().splitlines()
    if any("No space left on device" in line for line in lines):
        return RecordingFailed("the video cannot be written: No space left on device (choose another file with -o)")
    return RecordingFailed(f"ffmpeg failed: {lines[-1] if lines else f'exit code {code}'}")
