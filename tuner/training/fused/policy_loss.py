"""The policy's part of PPO's loss over a minibatch, for any action distribution."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tuner.record_type import Record
from tuner.training.fused.network import Array


class PolicyRows(Record):
    """A minibatch of n samples as the policy's loss sees it."""

    actions: NDArray[Any]  # (n, width) or (n,), as the head's `as_stored` returns them
    log_probs: Array  # (n,), of the policy that drew them
    weights: Array  # (n,), of the ratios: minus the advantages by n
    clip_range: float
    log_ratio: Array  # (n,), gets the logarithms of the probability ratios
    ratio: Array  # (n,), gets the ratios


class Distribution(Protocol):
    """What the loss needs of an action distribution."""

    def log_probs(self, outputs: Array, actions: NDArray[Any], out: Array) -> None:
        """Writes the log probabilities (rows,) of actions under outputs (rows, out)."""

    def backward(self, d_log_probs: Array, ent_coef: float) -> Array:
        """The gradient at the outputs (rows, out), from that at the log probabilities, with entropy bonus."""


def policy_gradient(head: Distribution, outputs: Array, rows: PolicyRows, ent_coef: float) -> Array:
    """Writes the ratios; returns the gradient at the outputs (n, out)."""
    head.log_probs(outputs, rows.actions, rows.log_ratio)
    np.subtract(rows.log_ratio, rows.log_probs, out=rows.log_ratio)
    np.exp(rows.log_ratio, out=rows.ratio)
    free, clipped = surrogates(rows.ratio, rows.weights, rows.clip_range)
    # The clipped loss is constant, so its gradient is zero where it is the greater one; if equal, both contribute.
    np.multiply(free, free >= clipped, out=free)
    return head.backward(free, ent_coef)


def surrogates(ratio: Array, weights: Array, clip_range: float) -> tuple[Array, Array]:
    """The two policy losses, by unclipped and clipped ratios; the loss is the sum of the greater ones."""
    clipped = np.maximum(ratio, 1.0 - clip_range)
    np.minimum(clipped, 1.0 + clip_range, out=clipped)
    np.multiply(clipped, weights, out=clipped)
    return ratio * weights, clipped
