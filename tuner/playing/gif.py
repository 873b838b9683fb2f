"""Moving pictures small enough to post: GIF, with one palette and fewer pictures a second."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from tuner.playing.ffmpeg import Encoder, convert, find_ffmpeg
from tuner.playing.imaging import Picture

FPS = 10.0  # pictures a second, about
COLOURS = 96
NO_LOSS = ("-c:v", "ffv1", "-f", "matroska")
# Without dithering, whose pattern changes from picture to picture, flat colours stay flat and cost little.
USE = "paletteuse=dither=none:diff_mode=rectangle"


class GifScreen:
    """Keeps every second picture or so on the disk, and writes them with the palette of all at the end."""

    render_mode = "rgb_array"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._program = find_ffmpeg({"ffv1": "a GIF's palette", " gif ": "a GIF"})
        self._folder = tempfile.TemporaryDirectory(dir=path.parent, prefix=".tuner-gif-", ignore_cleanup_errors=True)
        self._whole = Path(self._folder.name) / "pictures.mkv"
        self._encoder: Encoder | None = None
        self._count = 0

    def show(self, take_picture: Callable[[], Picture], fps: float, *, hold: float = 0.0) -> None:
        """Adds the next picture, held for at least `hold` seconds; takes none that would be left out.

        Raises:
            EnvironmentFailed: where there is none.
            RecordingFailed: where ffmpeg fails.
        """
        stride = max(1, round(fps / FPS))
        self._count += 1
        if (self._count - 1) % stride and not hold:
            return
        picture = take_picture()
        if self._encoder is None:
            size = picture.shape[1], picture.shape[0]
            self._encoder = Encoder(self._program, self._whole, size, fps / stride, NO_LOSS)
        for _ in range(max(1, round(hold * self._encoder.fps))):
            self._encoder.take(picture.tobytes())

    def finish(self) -> None:
        """Writes the file.

        Raises:
            RecordingFailed: where ffmpeg fails.
        """
        if self._encoder is None:
            return
        self._encoder.finish()
        palette = str(self._whole.with_name("palette.png"))
        made = f"palettegen=max_colors={COLOURS}:reserve_transparent=0"
        convert(self._program, ["-i", str(self._whole), "-vf", made, "-update", "1", palette])
        used = ["-i", str(self._whole), "-i", palette, "-lavfi", USE, "-loop", "0", "-f", "gif", str(self._path)]
        convert(self._program, used)

    def close(self) -> None:
        """Ends ffmpeg, also after an error, and removes what it kept."""
        if self._encoder is not None:
            self._encoder.close()
        self._folder.cleanup()
