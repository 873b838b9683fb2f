"""Compiles functions over arrays by Numba where that is installed; without it their callers use NumPy.

The cache of compiled code is renewed with the file of a function alone: constants of other modules come as arguments.
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
    """Compiles the decorated function at its first call, and keeps that for later processes.

    Args:
        sums: Whether sums may be taken in an order that is faster.
    """
    if not COMPILES:
        return lambda function: function
    made: Callable[[Callable[..., Any]], Any] = numba.njit(
        cache=True,
        error_model="numpy",  # as an error of a division would be a branch
        fastmath=SUMS if sums else False,
    )
    return made
