"""Whether trials compute by compiled code here, told without loading it."""

import importlib.util
import os

COMPILED, NUMPY = "compiled", "numpy"  # attribute `arithmetic` of a trial of fused PPO; earlier ones have none


def arithmetic() -> str:
    """How trials compute in this installation."""
    off = os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0")
    return NUMPY if off or importlib.util.find_spec("numba") is None else COMPILED
