"""A pseudo-terminal in which tests run commands, with a model of its screen."""

import contextlib
import errno
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Iterator

import pyte

LIMIT = 120.0  # s, for anything here
CTRL_C = b"\x03"
HEIGHT = 40


class Terminal:
    """A command in the foreground of a terminal of its own."""

    def __init__(self, process: int, descriptor: int) -> None:
        self._process, self._descriptor = process, descriptor
        self._screen = pyte.HistoryScreen(80, HEIGHT, history=5000)
        self._stream = pyte.ByteStream(self._screen)
        self.written = b""

    def wait_for(self, condition: Callable[[str], bool]) -> str:
        """The screen, once it fulfils a condition."""
        deadline = time.monotonic() + LIMIT
        while not condition(self.shown):
            assert self._read(), f"it ended before:\n{self.shown}"
            assert time.monotonic() < deadline, self.shown
        return self.shown

    def resize(self, width: int) -> None:
        """Gives the window another width."""
        fcntl.ioctl(self._descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", HEIGHT, width, 0, 0))
        self._screen.resize(HEIGHT, width)

    def press(self, keys: bytes) -> None:
        """Types; Ctrl-C goes to every process of the foreground group."""
        os.write(self._descriptor, keys)

    def end(self) -> int:
        """Waits for the command; returns its exit code."""
        deadline = time.monotonic() + LIMIT
        while self._read():
            assert time.monotonic() < deadline, self.shown
        return os.waitstatus_to_exitcode(os.waitpid(self._process, 0)[1])

    @property
    def shown(self) -> str:
        """What is on the screen."""
        return "\n".join(line.rstrip() for line in self._screen.display).strip("\n")

    @property
    def scrolled(self) -> str:
        """The lines above the screen, and those on it."""
        width = range(self._screen.columns)
        above = ("".join(row[column].data for column in width).rstrip() for row in self._screen.history.top)
        return "\n".join([*above, self.shown])

    def _read(self) -> bool:
        """Reads what is written within a moment; false once the command has closed the terminal."""
        if not select.select([self._descriptor], [], [], 0.1)[0]:
            return True
        try:
            some = os.read(self._descriptor, 65536)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            return False
        self.written += some
        self._stream.feed(some)
        return bool(some)


@contextlib.contextmanager
def terminal(*arguments: str, width: int = 80, **variables: str) -> Iterator[Terminal]:
    """`tuner` with some arguments in a terminal of some width; killed at the end if it still runs."""
    process, descriptor = pty.fork()
    if process == 0:
        given = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
        command = [sys.executable, "-m", "tuner", *arguments]
        os.execve(sys.executable, command, given | {"TERM": "xterm-256color"} | variables)  # noqa: S606
    shown = Terminal(process, descriptor)
    try:
        shown.resize(width)
        yield shown
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process, signal.SIGKILL)
        os.close(descriptor)


def traceback_lines(text: str) -> list[str]:
    """Lines of a traceback, or what Python prints of an exception that it cannot raise."""
    signs = ("Traceback", "KeyboardInterrupt", "Exception ignored", '  File "')
    return [line for line in text.splitlines() if any(sign in line for sign in signs)]
