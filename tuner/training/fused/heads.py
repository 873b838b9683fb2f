"""Action distributions over the actor's outputs: Gaussian for Box, categorical for Discrete actions.

A head draws actions from torch's random stream exactly as SB3 does, computes log probabilities and entropy, and
back-propagates the loss's gradient to the outputs.
"""

import math
from typing import Any, Protocol

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray

from tuner.training.batches import is_plain
from tuner.training.compiled import COMPILES
from tuner.training.fused.kernels import act, draw, gaussian_gradient
from tuner.training.fused.network import Array, Network
from tuner.training.fused.policy_loss import Distribution, PolicyRows, policy_gradient
from tuner.training.fused.quick_acting import QuickActing

HALF_LOG_TWO_PI = 0.5 * math.log(2.0 * math.pi)
SMALLEST = float(np.finfo(np.float32).min)  # what torch clamps the logarithm of a probability to


class ActionHead(Protocol):
    """An action distribution for rollouts."""

    trace_width: int  # numbers kept of each draw, from which its log probability is computed

    def draw(self, outputs: Array) -> tuple[NDArray[Any], NDArray[Any], Array]:
        """Actions (n, …) for outputs (n, out), as drawn and as passed to the environment, and the draw's trace.

        The trace (n, trace_width) is overwritten by the next draw.
        """

    def acting(self, policy: QuickActing, kept: tuple[Array, Array, Array]) -> "GaussianActing | None":
        """Acting in one compiled call that keeps observations, actions and traces; None where there is none."""

    def mode(self, outputs: Array) -> NDArray[Any]:
        """The most likely actions (n, …) for outputs (n, out)."""

    def drawn_log_probs(self, traces: Array, actions: NDArray[Any]) -> Array:
        """Log probabilities (n,) of drawn actions (n, …) from their traces (n, trace_width)."""

    def as_stored(self, actions: NDArray[Any]) -> NDArray[Any]:
        """A rollout buffer's actions (n, width) in the form that `HeadLearning.log_probs` expects."""

    def learning(self, rows: int) -> "HeadLearning":
        """The distribution for updates, with batches of `rows`."""


class HeadLearning(Distribution, Protocol):
    """An action distribution for updates. Results are overwritten by the next call."""

    def policy_gradient(self, outputs: Array, rows: PolicyRows, ent_coef: float) -> Array:
        """Writes the ratios of a minibatch; returns its loss's gradient at the outputs (rows, out)."""

    def entropy(self) -> float:
        """The mean entropy of the distributions of the last outputs."""


def make_head(network: Network, action_space: spaces.Space[Any], n_envs: int) -> ActionHead:
    """The head for an action space, drawing for `n_envs` environments at once."""
    if isinstance(action_space, spaces.Box):
        return GaussianHead(network, action_space, n_envs)
    return CategoricalHead(network, n_envs)


class GaussianHead:
    """Independent normal distributions with a standard deviation that does not depend on the state."""

    def __init__(self, network: Network, space: spaces.Box, n_envs: int) -> None:
        assert network.log_std is not None  # noqa: S101 - SB3's policy for a box has one
        assert network.log_std_gradient is not None  # noqa: S101
        self._log_std, self._log_std_gradient = network.log_std, network.log_std_gradient
        self._low, self._high = space.low, space.high
        self._limits: tuple[Any, Any] = (space.low.reshape(-1), space.high.reshape(-1))  # single precision if compiled
        self._compiled = COMPILES and space.dtype == np.float32
        self.trace_width = len(self._log_std)
        self._noise_tensor = torch.empty(n_envs, self.trace_width)
        self._noise = self._noise_tensor.numpy()

    def draw(self, outputs: Array) -> tuple[NDArray[Any], NDArray[Any], Array]:
        """Means plus scaled noise, and these clipped to the box; the trace is the noise."""
        self._noise_tensor.normal_()
        if self._compiled:
            actions, clipped = np.empty_like(outputs), np.empty_like(outputs)
            draw(outputs, self._noise, self._log_std, *self._limits, actions, clipped)
            if self._low.ndim == 1:
                return actions, clipped, self._noise
            shape = (-1, *self._low.shape)
            return actions.reshape(shape), clipped.reshape(shape), self._noise
        actions = self._noise * np.exp(self._log_std)
        np.add(actions, outputs, out=actions)
        actions = actions.reshape(-1, *self._low.shape)
        return actions, self._clipped(actions), self._noise

    def acting(self, policy: QuickActing, kept: tuple[Array, Array, Array]) -> "GaussianActing | None":
        """None where the actions are no vectors in single precision."""
        if not self._compiled or self._low.ndim != 1:
            return None
        return GaussianActing(policy, self._noise_tensor, (self._log_std, *self._limits), kept)

    def mode(self, outputs: Array) -> NDArray[Any]:
        """The means, clipped to the box."""
        return self._clipped(outputs.reshape(-1, *self._low.shape))

    def _clipped(self, actions: NDArray[Any]) -> NDArray[Any]:
        clipped: NDArray[Any] = np.minimum(np.maximum(actions, self._low), self._high)
        return clipped

    def drawn_log_probs(self, traces: Array, actions: NDArray[Any]) -> Array:  # noqa: ARG002 - the noise says all
        """Log probabilities from the noise alone."""
        squares: Array = np.einsum("nk,nk->n", traces, traces)
        return squares * np.float32(-0.5) - self._constant()

    def as_stored(self, actions: NDArray[Any]) -> NDArray[Any]:
        """Actions in single precision."""
        return actions.astype(np.float32, copy=False)

    def learning(self, rows: int) -> HeadLearning:
        """The distribution for updates, with buffers for `rows`."""
        return GaussianLearning(self._log_std, self._log_std_gradient, rows)

    def _constant(self) -> np.float32:
        return np.float32(np.add.reduce(self._log_std) + self.trace_width * HALF_LOG_TWO_PI)


class GaussianActing:
    """A step's actions, drawn and clipped, and what a rollout keeps of it, in one compiled call."""

    def __init__(
        self, policy: QuickActing, noise: torch.Tensor, head: tuple[Array, ...], kept: tuple[Array, Array, Array]
    ) -> None:
        """Takes what the call takes.

        Args:
            policy: The means.
            noise: (n, k), to draw in.
            head: log_std, low and high, (k,) each.
            kept: The rollout's observations (steps, n, in), actions (steps, n, k) and noise, likewise.
        """
        self._noise, self._shape, self._kept = noise, tuple(noise.shape), kept
        self._policy = policy.values, policy.layout, policy.relu
        self._rest = policy.hidden, np.empty(self._shape, dtype=np.float32), noise.numpy(), *head

    def __call__(self, step: int, observations: Array) -> tuple[Array, Array]:
        """The actions (n, k) for observations (n, in), as drawn and as passed to the environment."""
        self._noise.normal_()
        actions, clipped = np.empty(self._shape, dtype=np.float32), np.empty(self._shape, dtype=np.float32)
        act(*self._policy, observations, *self._rest, actions, clipped, step, *self._kept)
        return actions, clipped


class GaussianLearning:
    """With z = (a - mean) / std: log p = -Σ (z² / 2 + log std + log √2π), and its derivatives."""

    def __init__(self, log_std: Array, log_std_gradient: Array, rows: int) -> None:
        self._log_std, self._log_std_gradient = log_std, log_std_gradient
        self._precision = np.empty_like(log_std)  # 1 / std
        self._z = np.empty((rows, len(log_std)), dtype=np.float32)
        self._squares = np.empty_like(self._z)
        self._d_outputs = np.empty_like(self._z)
        self._log_std_sum = 0.0

    def policy_gradient(self, outputs: Array, rows: PolicyRows, ent_coef: float) -> Array:
        """As for any distribution, in one compiled pass."""
        if not (COMPILES and is_plain(rows.actions, 2)):
            return policy_gradient(self, outputs, rows, ent_coef)
        self._log_std_sum = float(np.add.reduce(self._log_std))
        constant = np.float32(self._log_std_sum + len(self._log_std) * HALF_LOG_TWO_PI)
        limits = np.float32(1.0 - rows.clip_range), np.float32(1.0 + rows.clip_range)
        given = outputs, rows.actions, self._log_std, constant, rows.log_probs, rows.weights, *limits, ent_coef
        gaussian_gradient(*given, rows.log_ratio, rows.ratio, self._d_outputs, self._log_std_gradient)
        return self._d_outputs

    def log_probs(self, outputs: Array, actions: NDArray[Any], out: Array) -> None:
        """Writes -Σ z² / 2 less the constant."""
        z = self._z
        np.negative(self._log_std, out=self._precision)
        np.exp(self._precision, out=self._precision)
        np.subtract(actions, outputs, out=z)
        np.multiply(z, self._precision, out=z)
        np.multiply(z, z, out=self._squares)
        np.add.reduce(self._squares, axis=1, out=out)
        self._log_std_sum = float(np.add.reduce(self._log_std))
        np.multiply(out, -0.5, out=out)
        np.subtract(out, self._log_std_sum + len(self._log_std) * HALF_LOG_TWO_PI, out=out)

    def entropy(self) -> float:
        """Σ (log std + log √2π + 1/2), the same in every state."""
        return self._log_std_sum + len(self._log_std) * (HALF_LOG_TWO_PI + 0.5)

    def backward(self, d_log_probs: Array, ent_coef: float) -> Array:
        """Uses d log p / d mean = z / std and d log p / d log std = z² - 1; the entropy's is 1 per dimension."""
        np.matmul(d_log_probs, self._squares, out=self._log_std_gradient)
        np.subtract(self._log_std_gradient, float(np.add.reduce(d_log_probs)) + ent_coef, out=self._log_std_gradient)
        np.multiply(self._z, self._precision, out=self._d_outputs)
        np.multiply(self._d_outputs, d_log_probs[:, None], out=self._d_outputs)
        return self._d_outputs


class CategoricalHead:
    """A categorical distribution over K actions, with the outputs as logits."""

    def __init__(self, network: Network, n_envs: int) -> None:
        self.trace_width = len(network.actor.bias)
        self._race_tensor = torch.empty(n_envs, self.trace_width)
        self._race = self._race_tensor.numpy()

    def draw(self, outputs: Array) -> tuple[NDArray[Any], NDArray[Any], Array]:
        """Draws by exponential races (argmax p / e), as torch's multinomial does; the trace is the outputs."""
        self._race_tensor.exponential_()
        probabilities = np.exp(log_softmax(outputs))
        actions = np.argmax(probabilities / self._race, axis=1)
        return actions, actions, outputs

    def acting(self, policy: QuickActing, kept: tuple[Array, Array, Array]) -> None:  # noqa: ARG002
        """None."""
        return

    def mode(self, outputs: Array) -> NDArray[Any]:
        """The action with the greatest output."""
        actions: NDArray[Any] = np.argmax(outputs, axis=1)
        return actions

    def drawn_log_probs(self, traces: Array, actions: NDArray[Any]) -> Array:
        """Log probabilities of the drawn actions."""
        picked: Array = log_softmax(traces)[np.arange(len(traces)), actions]
        return picked

    def as_stored(self, actions: NDArray[Any]) -> NDArray[Any]:
        """Actions as integers (n,)."""
        return actions.reshape(-1).astype(np.int64)

    def learning(self, rows: int) -> HeadLearning:
        """The distribution for updates, with buffers for `rows`."""
        return CategoricalLearning(rows)


class CategoricalLearning:
    """With l = log softmax: log p(a) = l_a, the entropy H = -Σ p l, and their derivatives."""

    def __init__(self, rows: int) -> None:
        self._rows = np.arange(rows)
        self._logs = self._probabilities = self._entropies = np.empty((0, 0), dtype=np.float32)
        self._actions = np.empty(0, dtype=np.int64)

    def policy_gradient(self, outputs: Array, rows: PolicyRows, ent_coef: float) -> Array:
        """As for any distribution."""
        return policy_gradient(self, outputs, rows, ent_coef)

    def log_probs(self, outputs: Array, actions: NDArray[Any], out: Array) -> None:
        """Writes l_a."""
        self._logs = np.maximum(log_softmax(outputs), SMALLEST)
        self._probabilities = np.exp(self._logs)
        self._entropies = -np.add.reduce(self._probabilities * self._logs, axis=1, keepdims=True)
        self._actions = actions
        out[:] = self._logs[self._rows, actions]

    def entropy(self) -> float:
        """The mean of H."""
        return float(self._entropies.mean())

    def backward(self, d_log_probs: Array, ent_coef: float) -> Array:
        """Uses d l_a / d output_j = [j = a] - p_j and d H / d output_j = -p_j (l_j + H)."""
        probabilities = self._probabilities
        gradient = -d_log_probs[:, None] * probabilities
        gradient[self._rows, self._actions] += d_log_probs
        if ent_coef:
            gradient += (ent_coef / len(gradient)) * probabilities * (self._logs + self._entropies)
        return gradient


def log_softmax(outputs: Array) -> Array:
    """The logarithms of the softmax over the last axis."""
    shifted = outputs - outputs.max(axis=1, keepdims=True)
    logs: Array = shifted - np.log(np.add.reduce(np.exp(shifted), axis=1, keepdims=True))
    return logs
