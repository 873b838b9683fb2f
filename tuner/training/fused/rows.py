"""Observations as rows in single precision."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def flat(observations: NDArray[Any]) -> NDArray[np.float32]:
    """Observations (n, …) as rows (n, in) in single precision."""
    return observations.reshape(len(observations), -1).astype(np.float32, copy=False)
