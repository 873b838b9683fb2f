"""Compiles functions over arrays by Numba where that is installed; without it Python does their work.

The cache of compiled code is renewed with the file of a function alone: constants of other modules come as arguments.
`tuner.training.compiled` does the same for the tuner; neither package imports the other.
"""

import contextlib
from collections.abc import Callable
from typing import Any

numba: Any = None
with contextlib.suppress(ImportError):  # a platform without it
    import numba

COMPILES = numba is not None and not numba.config.DISABLE_JIT


def compiled(function: Callable[..., Any]) -> Any:
    """Compiles a function at its first call, and keeps that for later processes where there is a folder."""
    if not COMPILES:
        return function
    try:
        made = numba.njit(cache=True)(function)
    except RuntimeError:  # no folder can be written
        return numba.njit(function)
    for name in ("load_overload", "save_overload"):
        setattr(made._cache, name, _harmless(getattr(made._cache, name)))
    return made


def _harmless(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method of a cache that does nothing where it fails: on a full disk, with a damaged file."""

    def call(*arguments: Any) -> Any:
        with contextlib.suppress(Exception):
            return method(*arguments)
        return None

    return call
