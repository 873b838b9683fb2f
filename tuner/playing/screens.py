"""What becomes of the pictures, by the ending of the file that they go to."""

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import gymnasium as gym

from tuner.errors import ExportFailed, UsageProblem
from tuner.playing.imaging import Storyboard
from tuner.playing.play_episode import Screen
from tuner.playing.video import VideoScreen
from tuner.writing import beside, refuse_no_file


class RecordingScreen(Screen, Protocol):
    """A screen that makes a file."""

    def finish(self) -> None:
        """Makes the file whole."""

    def close(self) -> None:
        """Lets go of everything, whatever came before."""


RECORDERS: dict[str, Callable[[Path], RecordingScreen]] = {".mp4": VideoScreen, ".png": Storyboard}
ONE_EPISODE = (".png",)  # whose pictures show no more


def check_target(path: Path) -> None:
    """Refuses a path that nothing can be recorded to, before anything is played.

    Raises:
        UsageProblem: naming the path and the rule.
    """
    refuse_no_file(path, "-o", "video.mp4")
    if path.suffix not in RECORDERS:
        raise UsageProblem(f"-o {path}: must end in .mp4 for a video, or in .png for one episode in one picture")
    if path.exists() and not path.is_file():
        raise UsageProblem(f"-o {path}: is no regular file")
    if path.exists() and not os.access(path, os.W_OK):
        raise UsageProblem(f"-o {path}: is there, and may not be written to (choose another file)")


@contextlib.contextmanager
def open_screen(path: Path | None) -> Iterator[Screen]:
    """A file that is there, whole, once all went well; a window where there is no path.

    Raises:
        UsageProblem: where there is no display for a window.
        ExportFailed: where the file cannot be written.
        RecordingFailed: where there is no coder, or it gave up.
    """
    if path is None:
        yield LiveWindow()
        return
    target = path.resolve()  # a link stays, its target is written
    try:
        with beside(target) as temporary:
            with contextlib.closing(RECORDERS[path.suffix](temporary)) as recorder:
                yield recorder
                recorder.finish()
            temporary.replace(target)
    except OSError as error:
        raise ExportFailed(f"cannot write {path}: {error.strerror} (choose another file with -o)") from None


class LiveWindow:
    """Leaves the showing, and its pace, to the environment."""

    render_mode = "human"

    def __init__(self) -> None:
        """Looks whether there is a display.

        Raises:
            UsageProblem: where there is none.
        """
        if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            raise UsageProblem("--gui: there is no display here (DISPLAY is not set); write a video with -o video.mp4")

    def show(self, env: gym.Env[Any, Any], *, hold: float = 0.0) -> None:  # noqa: ARG002
        """Leaves what is seen there for so many seconds."""
        time.sleep(hold)
