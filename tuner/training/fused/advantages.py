"""Generalised advantage estimation over a rollout."""

from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


def advantages(
    rewards: Array, values: Array, last_values: Array, next_alive: NDArray[np.bool_], *, gamma: float, gae_lambda: float
) -> Array:
    """A_t = d_t + gamma · lambda · alive_(t+1) · A_(t+1), with d_t = r_t + gamma · alive_(t+1) · V_(t+1) - V_t.

    Source: J. Schulman et al., "High-Dimensional Continuous Control Using Generalized Advantage Estimation", 2016.

    Args:
        rewards: (steps, envs).
        values: (steps, envs), of the observations that were acted on.
        last_values: (envs,), of the observations after the last step.
        next_alive: (steps, envs), whether the episode went on after the step.
        gamma: The discount.
        gae_lambda: How far rewards are believed before values are.

    Returns:
        (steps, envs).
    """
    next_values = np.concatenate([values[1:], last_values[None]])
    deltas = rewards + gamma * next_values * next_alive - values
    keeps = gamma * gae_lambda * next_alive.astype(np.float64)
    columns = [_backwards(delta, keep) for delta, keep in zip(deltas.T.tolist(), keeps.T.tolist(), strict=True)]
    return np.array(columns, dtype=np.float32).T


def _backwards(deltas: list[float], keeps: list[float]) -> list[float]:
    """The recurrence for one environment; a loop over plain floats is faster than one over small arrays."""
    pairs = zip(reversed(deltas), reversed(keeps), strict=True)
    sums = accumulate(pairs, lambda later, pair: pair[0] + pair[1] * later, initial=0.0)
    return list(sums)[:0:-1]
