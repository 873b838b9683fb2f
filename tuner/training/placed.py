"""Keeps the process's folder and standard output from what an environment's code does to them."""

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import gymnasium as gym

from tuner.training.border import begun, stepped

ERRORS: list[str] = []  # of steps that ended their episodes, in this process


class Folder:
    """The folder that an environment's code went to, if it did; None before."""

    def __init__(self) -> None:
        self.left: str | None = None

    @contextlib.contextmanager
    def inside(self) -> Iterator[None]:
        """Runs the environment's code in the folder that it left, and puts the process's own back."""
        here = _folder()
        if self.left is not None:
            with contextlib.suppress(OSError):  # it is gone
                os.chdir(self.left)
        try:
            yield
        finally:
            if here is not None and (now := _folder()) != here:
                self.left = now
                os.chdir(here)
            _keep_outputs_open()


def _folder() -> str | None:
    try:
        return os.getcwd()  # noqa: PTH109 - called often
    except OSError:  # it was deleted
        return None


def _keep_outputs_open() -> None:
    """Puts the null device where standard output or error was closed: the next file opened would take their place."""
    for number in (1, 2):
        try:
            os.fstat(number)
        except OSError:
            null = os.open(os.devnull, os.O_WRONLY)
            if null != number:
                os.dup2(null, number)
                os.close(null)


class Placed(gym.Wrapper[Any, Any, Any, Any]):
    """The border to an environment's code.

    Looks at what it returns, calls it in the folder that it changed to, if it did, and leaves the process's as it was.
    """

    def __init__(self, env: gym.Env[Any, Any], folder: Folder, *, ends_episode: bool = False) -> None:
        """Wraps an environment; with `ends_episode` an error in a step truncates its episode."""
        super().__init__(env)
        self.folder = folder
        self._ends_episode = ends_episode
        self._last: Any = None  # observation

    def reset(self, **options: Any) -> tuple[Any, dict[str, Any]]:
        """Begins an episode."""
        with self.folder.inside():
            self._last, info = begun(self.env.reset(**options), self.observation_space)
        return self._last, info

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Steps; an environment that stays where it is costs nothing."""
        if self._ends_episode:
            return self._step_or_end(action)
        if self.folder.left is None:
            return stepped(self.env.step(action), self.observation_space)
        with self.folder.inside():
            return stepped(self.env.step(action), self.observation_space)

    def _step_or_end(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """A step; an error ends the episode with the last observation and no reward, as a time limit does."""
        try:
            with self.folder.inside():
                found = stepped(self.env.step(action), self.observation_space)
        except Exception as error:  # noqa: BLE001 - the user asked for it
            ERRORS.append(f"{type(error).__name__}: {error}")
            return self._last, 0.0, False, True, {"error": str(error)}
        self._last = found[0]
        return found

    def render(self) -> Any:
        """Renders."""
        with self.folder.inside():
            return self.env.render()

    def close(self) -> None:
        """Closes."""
        with self.folder.inside():
            self.env.close()
