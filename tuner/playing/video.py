"""Videos that every browser plays: h264 in an mp4 file."""

import contextlib
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import gymnasium as gym

from tuner.errors import EnvironmentFailed, RecordingFailed
from tuner.playing.imaging import CODEC, find_ffmpeg, frames_a_second, take, whole_blocks

QUALITY = 18  # rate factor of x264 at which flat colours show no blocks


class VideoScreen:
    """Encodes pictures as they come, without keeping them in memory."""

    render_mode = "rgb_array"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._program = find_ffmpeg()
        self._encoder: _Encoder | None = None

    def show(self, env: gym.Env[Any, Any], *, hold: float = 0.0) -> None:
        """Adds the next picture, held for at least `hold` seconds.

        Raises:
            EnvironmentFailed: where there is none, or its size differs from the first.
            RecordingFailed: where ffmpeg fails.
        """
        picture = whole_blocks(take(env))
        size = picture.shape[1], picture.shape[0]
        if self._encoder is None:
            self._encoder = _Encoder(self._program, self._path, size, frames_a_second(env))
        if size != self._encoder.size:
            raise EnvironmentFailed(f"render() changed the size of its pictures, from {self._encoder.size} to {size}")
        for _ in range(max(1, round(hold * self._encoder.fps))):
            self._encoder.take(picture.tobytes())

    def finish(self) -> None:
        """Completes the video.

        Raises:
            RecordingFailed: where ffmpeg fails.
        """
        if self._encoder is not None:
            self._encoder.finish()

    def close(self) -> None:
        """Ends ffmpeg, also after an error."""
        if self._encoder is not None:
            self._encoder.close()


class _Encoder:
    """An ffmpeg process that encodes raw pictures."""

    def __init__(self, program: str, path: Path, size: tuple[int, int], fps: float) -> None:
        self.size, self.fps = size, fps
        source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{size[0]}x{size[1]}", "-r", f"{fps:g}", "-i", "-"]
        coding = ["-an", "-c:v", CODEC, "-crf", str(QUALITY), "-pix_fmt", "yuv420p", "-movflags", "+faststart"]
        command = [program, "-y", "-loglevel", "error", *source, *coding, "-f", "mp4", str(path)]
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
        """Waits until the file is complete."""
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
        """The error that ffmpeg printed before it ended."""
        code = self._process.wait()
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").strip().splitlines()
        if any("No space left on device" in line for line in lines):
            return RecordingFailed("the video cannot be written: No space left on device (choose another file with -o)")
        return RecordingFailed(f"ffmpeg failed: {lines[-1] if lines else f'exit code {code}'}")
