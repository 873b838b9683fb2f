"""Imports PyBullet, without its banner."""

import contextlib
import ctypes
import os
from collections.abc import Iterator

__all__ = ["pybullet", "quiet"]

MISSING = "PyBullet is missing (wheels end at Python 3.11): `uv venv --python 3.11`, or compile: `pip install pybullet`"


class PyBulletMissing(ModuleNotFoundError):
    """The message says how to install it."""


@contextlib.contextmanager
def quiet(descriptor: int) -> Iterator[None]:
    """Discards what the engine's C code writes to stdout (1) or stderr (2)."""
    try:
        saved = os.dup(descriptor)
    except OSError:  # the stream is closed: there is nothing to discard
        yield
        return
    flush = ctypes.CDLL(None).fflush
    flush(None)
    sink = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(sink, descriptor)
        yield
    finally:
        flush(None)
        os.dup2(saved, descriptor)
        os.close(saved)
        os.close(sink)


try:
    with quiet(2):  # the build-time banner
        import pybullet
except ModuleNotFoundError:
    raise PyBulletMissing(MISSING, name="pybullet") from None
