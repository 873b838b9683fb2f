"""Where an episode is shown: a video or picture, by the ending of the file, or a window."""

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from tuner.errors import ExportFailed, UsageProblem
from tuner.playing.captions import Size
from tuner.playing.gif import GifScreen
from tuner.playing.imaging import Picture, Storyboard
from tuner.playing.video import VideoScreen
from tuner.writing import beside, refuse_no_file


class Screen(Protocol):
    """A file or window that shows episodes."""

    render_mode: str  # of the environment

    def show(self, take_picture: Callable[[], Picture], fps: float, *, hold: float = 0.0) -> None:
        """Shows the present moment for at least `hold` seconds; `fps` moments are a second."""


class RecordingScreen(Screen, Protocol):
    """A screen that writes a file."""

    def finish(self) -> None:
        """Completes the file."""

    def close(self) -> None:
        """Releases all resources, also after an error."""


class FileKind(NamedTuple):
    """How files of an ending are recorded."""

    recorder: Callable[[Path], RecordingScreen]
    size: Size  # of the picture
    part: Size  # of each of several beside each other


FILE_KINDS: dict[str, FileKind] = {
    ".mp4": FileKind(VideoScreen, size=(960, 720), part=(640, 480)),
    ".gif": FileKind(GifScreen, size=(480, 360), part=(360, 270)),
    ".png": FileKind(Storyboard, size=(480, 360), part=(480, 360)),
}
ONE_EPISODE = (".png",)  # endings of files that show a single episode


def usual_size(path: Path, count: int) -> Size:
    """The size of each of `count` pictures beside each other, by the ending of their file."""
    kind = FILE_KINDS[path.suffix]
    return kind.size if count == 1 else kind.part


def check_target(path: Path) -> None:
    """Refuses a path that cannot be recorded to, before anything is played.

    Raises:
        UsageProblem: naming the path and the rule.
    """
    refuse_no_file(path, "-o", "video.mp4")
    if path.suffix not in FILE_KINDS:
        raise UsageProblem(
            f"-o {path}: must end in .mp4 or .gif for a video, or in .png for one episode in one picture"
        )
    if path.exists() and not path.is_file():
        raise UsageProblem(f"-o {path}: is no regular file")
    if path.exists() and not os.access(path, os.W_OK):
        raise UsageProblem(f"-o {path}: is not writable (choose another file)")


@contextlib.contextmanager
def open_screen(path: Path | None) -> Iterator[Screen]:
    """A screen for a file, which is only written if all goes well, or for a window if there is no path.

    Raises:
        UsageProblem: where there is no display for a window.
        ExportFailed: where the file cannot be written.
        RecordingFailed: where there is no ffmpeg, or it fails.
    """
    if path is None:
        yield LiveWindow()
        return
    target = path.resolve()  # a link stays, its target is written
    try:
        with beside(target) as temporary:
            with contextlib.closing(FILE_KINDS[path.suffix].recorder(temporary)) as recorder:
                yield recorder
                recorder.finish()
            temporary.replace(target)
    except OSError as error:
        raise ExportFailed(f"cannot write {path}: {error.strerror} (choose another file with -o)") from None


class LiveWindow:
    """A window that the environment itself draws, at its own pace."""

    render_mode = "human"

    def __init__(self) -> None:
        """Checks that there is a display.

        Raises:
            UsageProblem: where there is none.
        """
        if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            raise UsageProblem("--gui: no display (DISPLAY is not set); record a video with -o video.mp4 instead")

    def show(self, take_picture: Callable[[], Picture], fps: float, *, hold: float = 0.0) -> None:  # noqa: ARG002
        """Waits for `hold` seconds."""
        time.sleep(hold)
