"""Adds a step of several environments to their episodes' returns and lengths, compiled."""

import numpy as np
from numpy.typing import NDArray

from tuner.training.compiled import compiled

Array = NDArray[np.float32]


@compiled()
def tally(observations: Array, rewards: Array, returns: NDArray[np.float64], lengths: NDArray[np.int64]) -> bool:
    """Adds a step of n environments to their returns (n,) and lengths (n,), and says whether all is finite.

    Where an observation (n, k) or a reward (n,) is not, nothing is added.
    """
    for reward in rewards:
        if not np.isfinite(reward):
            return False
    for row in observations:
        for number in row:
            if not np.isfinite(number):
                return False
    for index in range(len(rewards)):
        returns[index] += rewards[index]
        lengths[index] += 1
    return True
