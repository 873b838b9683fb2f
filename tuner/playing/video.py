"""A video as every browser plays it: h264 in an mp4, of one size and one rate."""

import contextlib
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import gymnasium as gym

from tuner.errors import EnvironmentFailed, RecordingFailed
from tuner.playing.imaging import CODEC, find_ffmpeg, frames_a_second, take, whole_blocks

QUALITY = 18  # x264's rate factor, at which flat colours show no blocks


class VideoScreen:
    """Codes pictures as they come; nothing of the video is held in memory."""

    render_mode = "rgb_array"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._program = find_ffmpeg()
        self._coder: _Coder | None = None

    def show(self, env: gym.Env[Any, Any], *, hold: float = 0.0) -> None:
        """The next picture, standing still for so many seconds.

        Raises:
            EnvironmentFailed: where it is none, or of another size than the first.
            RecordingFailed: where the coder gave up.
        """
        picture = whole_blocks(take(env))
        size = picture.shape[1], picture.shape[0]
        if self._coder is None:
            self._coder = _Coder(self._program, self._path, size, frames_a_second(env))
        if size != self._coder.size:
            raise EnvironmentFailed(f"render() changed the size of its pictures, from {self._coder.size} to {size}")
        for _ in range(max(1, round(hold * self._coder.fps))):
            self._coder.take(picture.tobytes())

    def finish(self) -> None:
        """Ends the video.

        Raises:
            RecordingFailed: where the coder could not.
        """
        if self._coder is not None:
            self._coder.finish()

    def close(self) -> None:
        """Sees that no coder is left, whatever came before."""
        if self._coder is not None:
            self._coder.close()


class _Coder:
    """An ffmpeg that is fed raw pictures."""

    def __init__(self, program: str, path: Path, size: tuple[int, int], fps: float) -> None:
        self.size, self.fps = size, fps
        source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{size[0]}x{size[1]}", "-r", f"{fps:g}", "-i", "-"]
        coding = ["-an", "-c:v", CODEC, "-crf", str(QUALITY), "-pix_fmt", "yuv420p", "-movflags", "+faststart"]
        command = [program, "-y", "-loglevel", "error", *source, *coding, "-f", "mp4", str(path)]
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        # In a session of its own, so that Ctrl-C is ours to handle.
        self._process = subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.PIPE, stderr=self._said, start_new_session=True
        )

    def take(self, pixels: bytes) -> None:
        """Codes a picture."""
        try:
            self._stream().write(pixels)
        except OSError:
            raise self._failed() from None

    def finish(self) -> None:
        """Waits until the file is whole."""
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
        with contextlib.suppress(OSError):  # what was not yet written has no reader any more
            self._stream().close()
        self._said.close()

    def _stream(self) -> Any:
        return self._process.stdin

    def _failed(self) -> RecordingFailed:
        """What the coder said as it gave up."""
        code = self._process.wait()
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").strip().splitlines()
        if any("No space left on device" in line for line in lines):
            return RecordingFailed("the video cannot be written: No space left on device (choose another file with -o)")
        return RecordingFailed(f"ffmpeg gave up: {lines[-1] if lines else f'exit code {code}'}")
