"""A window in which the environment shows itself."""

import os
import sys
import time
from typing import Any

import gymnasium as gym

from tuner.errors import UsageProblem


class LiveWindow:
    """Leaves the showing, and its pace, to the environment."""

    render_mode = "human"

    def __init__(self) -> None:
        """Looks whether there is a display.

        Raises:
            UsageProblem: where there is none.
        """
        if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            raise UsageProblem("--gui: there is no display here (DISPLAY is not set); write a film with -o film.mp4")

    def show(self, env: gym.Env[Any, Any], *, hold: float = 0.0) -> None:  # noqa: ARG002
        """Leaves what is seen there for so many seconds."""
        time.sleep(hold)
