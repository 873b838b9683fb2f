"""Compiles functions over arrays by Numba where that is installed; without it their callers use NumPy.

The cache of compiled code is renewed with the file of a function alone: constants of other modules come as arguments.
`roarm_envs.arm_compiler` does the same for the arm; neither package imports the other.
"""

import contextlib
from collections.abc import Callable
from typing import Any

numba: Any = None
with contextlib.suppress(ImportError):  # a platform without it
    import numba

COMPILES = numba is not None and not numba.config.DISABLE_JIT
SUMS = {"contract", "nsz", "reassoc"}  # lets sums be taken in another order, the same at every call


def compiled(*, sums: bool = False) -> Callable[[Callable[..., Any]], Any]:
    """Compiles the decorated function at its first call, and keeps that for later processes where there is a folder.

    Args:
        sums: Whether sums may be taken in an order that is faster.
    """

    def compile_it(function: Callable[..., Any]) -> Any:
        if not COMPILES:
            return function
        # An error of a division would be a branch, which keeps a processor from computing several at once.
        options = {"error_model": "numpy", "fastmath": SUMS if sums else False}
        try:
            made = numba.njit(cache=True, **options)(function)
        except RuntimeError:  # no folder can be written
            return numba.njit(**options)(function)
        for name in ("load_overload", "save_overload"):
            setattr(made._cache, name, _harmless(getattr(made._cache, name)))
        return made

    return compile_it


def _harmless(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method of a cache that does nothing where it fails: on a full disk, with a damaged file."""

    def call(*arguments: Any) -> Any:
        with contextlib.suppress(Exception):
            return method(*arguments)
        return None

    return call
