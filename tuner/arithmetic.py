"""Whether trials compute by compiled code here, told without loading it."""

import importlib.util
import os

# Attribute `arithmetic` of a trial: of a faster class, or of SB3's own code. Earlier ones of SB3's code have none, or
# one of the first two.
COMPILED, NUMPY, SB3 = "compiled", "numpy", "sb3"
IN_WORDS = {COMPILED: "compiled code", NUMPY: "NumPy", SB3: "Stable-Baselines3's code"}


def arithmetic() -> str:
    """How trials of faster classes compute in this installation."""
    off = os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0")
    return NUMPY if off or importlib.util.find_spec("numba") is None else COMPILED
