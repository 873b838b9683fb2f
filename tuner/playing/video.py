"""Videos that every browser plays: h264 in an mp4 file."""

from collections.abc import Callable
from pathlib import Path

from tuner.playing.ffmpeg import Encoder, find_ffmpeg
from tuner.playing.imaging import Picture

CODEC = "libx264"
QUALITY = 18  # rate factor of x264 at which flat colours show no blocks
CODING = ("-an", "-c:v", CODEC, "-crf", str(QUALITY), "-pix_fmt", "yuv420p", "-movflags", "+faststart", "-f", "mp4")


class VideoScreen:
    """Encodes pictures as they come, without keeping them in memory."""

    render_mode = "rgb_array"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._program = find_ffmpeg({CODEC: "browsers' h264"})
        self._encoder: Encoder | None = None

    def show(self, take_picture: Callable[[], Picture], fps: float, *, hold: float = 0.0) -> None:
        """Adds the next picture, held for at least `hold` seconds.

        Raises:
            EnvironmentFailed: where there is none.
            RecordingFailed: where ffmpeg fails.
        """
        picture = take_picture()
        if self._encoder is None:
            size = picture.shape[1], picture.shape[0]
            self._encoder = Encoder(self._program, self._path, size, fps, CODING)
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
