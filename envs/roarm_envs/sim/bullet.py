"""PyBullet itself, imported here and nowhere else."""

import contextlib
import ctypes
import os
from collections.abc import Iterator

__all__ = ["pybullet", "quiet"]

MISSING = "PyBullet is missing (wheels end at Python 3.11): `uv venv --python 3.11`, or compile: `pip install pybullet`"


@contextlib.contextmanager
def quiet(descriptor: int) -> Iterator[None]:
    """Keeps what the engine's C code writes to stdout (1) or stderr (2) off the terminal, for as short as can be."""
    try:
        saved = os.dup(descriptor)
    except OSError:  # closed: there is nothing to keep off
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
    raise ModuleNotFoundError(MISSING, name="pybullet") from None
