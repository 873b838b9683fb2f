"""Standard output for results alone: what environments print goes to standard error, from Python and from C.

Characters that an output's encoding does not have are replaced.
"""

import contextlib
import functools
import os
import sys
from collections.abc import Callable, Iterator
from typing import ParamSpec, TextIO, TypeVar

from tuner.cli.visible import visible

Given = ParamSpec("Given")
Result = TypeVar("Result")

_outputs: list[TextIO] = []  # the innermost command's last


def results() -> TextIO:
    """Where a command writes its results."""
    return _outputs[-1] if _outputs else sys.stdout


def write(text: str) -> None:
    """Writes to the results."""
    results().write(visible(text))


def say(text: str, style: str = "") -> None:
    """Prints a line to standard error; on a terminal folded between words, and in a colour."""
    if not sys.stderr.isatty() or hasattr(sys.stderr, "rich_proxied_file"):  # a live display folds by itself
        sys.stderr.write(f"{visible(text)}\n")
        sys.stderr.flush()
        return
    from rich.text import Text

    from tuner.cli.render.visible_console import VisibleConsole

    console = VisibleConsole(stderr=True, highlight=False)
    for line in Text(text, style).wrap(console, console.width):
        line.rstrip()
        console.print(line, soft_wrap=True)


def results_apart(command: Callable[Given, Result]) -> Callable[Given, Result]:
    """A command during which everything but `results` goes to standard error."""

    @functools.wraps(command)
    def wrapped(*arguments: Given.args, **named: Given.kwargs) -> Result:
        with _apart():
            return command(*arguments, **named)

    return wrapped


@contextlib.contextmanager
def _apart() -> Iterator[None]:
    out, err = sys.stdout, sys.stderr
    with contextlib.ExitStack() as stack:
        errors = _beside(err, "backslashreplace", stack) or err
        target = _beside(out, "replace", stack)
        if target is not None:
            stack.enter_context(_redirected(out.fileno(), errors.fileno()))
        _outputs.append(target or out)
        sys.stdout = sys.stderr = errors
        try:
            yield
        finally:
            sys.stdout, sys.stderr = out, err
            with contextlib.suppress(OSError):  # nobody reads errors any more
                errors.flush()
            _outputs.pop().flush()


def _beside(stream: TextIO, errors: str, stack: contextlib.ExitStack) -> TextIO | None:
    """A stream to the same place, which an environment that closes the first does not reach; None if it is no file."""
    try:
        stream.flush()
        copy = os.dup(stream.fileno())
    except (OSError, ValueError):  # of a test, or of a notebook
        return None
    made = open(copy, "w", encoding=stream.encoding, errors=errors, buffering=1 if stream.isatty() else -1)  # noqa: PTH123, SIM115
    stack.callback(_close, made)
    return made


def _close(stream: TextIO) -> None:
    with contextlib.suppress(OSError):
        stream.close()


@contextlib.contextmanager
def _redirected(one: int, other: int) -> Iterator[None]:
    """What is written to a file descriptor goes to another one inside."""
    before = os.dup(one)
    os.dup2(other, one)
    try:
        yield
    finally:
        os.dup2(before, one)
        os.close(before)


def open_standard_files() -> None:
    """Opens what the parent process closed of standard input, output and error: no other file may take its place."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.dup2(os.open(os.devnull, os.O_RDWR), number)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace" if name == "stdout" else "backslashreplace")
