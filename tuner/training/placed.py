"""Keeps the process's folder and standard output from what an environment's code does to them."""

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import gymnasium as gym

from tuner.training.border import begun, stepped


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

    def __init__(self, env: gym.Env[Any, Any], folder: Folder) -> None:
        super().__init__(env)
        self._folder = folder

    def reset(self, **options: Any) -> tuple[Any, dict[str, Any]]:
        """Begins an episode."""
        with self._folder.inside():
            return begun(self.env.reset(**options), self.observation_space)

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Steps; an environment that stays where it is costs nothing."""
        if self._folder.left is None:
            return stepped(self.env.step(action), self.observation_space)
        with self._folder.inside():
            return stepped(self.env.step(action), self.observation_space)

    def render(self) -> Any:
        """Renders."""
        with self._folder.inside():
            return self.env.render()

    def close(self) -> None:
        """Closes."""
        with self._folder.inside():
            self.env.close()
