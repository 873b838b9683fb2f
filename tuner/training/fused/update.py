"""PPO's update over one rollout: epochs of minibatches, each a forward pass, a backward pass and an Adam step.

Source: J. Schulman et al., "Proximal Policy Optimization Algorithms", 2017, as implemented in Stable-Baselines3 2.9.
"""

import contextlib
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tuner.record_type import Record
from tuner.training.compiled import COMPILES
from tuner.training.fused.heads import ActionHead, HeadLearning
from tuner.training.fused.kernels import adam
from tuner.training.fused.network import Array, FlatParameters, Learning, Network
from tuner.training.fused.policy_loss import PolicyRows, surrogates
from tuner.training.life import LIFE


class Settings(Record):
    """PPO's arguments for one update, schedules at their current value."""

    batch_size: int
    n_epochs: int
    clip_range: float
    clip_range_vf: float | None
    normalize_advantage: bool
    ent_coef: float
    vf_coef: float
    max_grad_norm: float
    target_kl: float | None


class Samples(Record):
    """The samples of a rollout: n steps over all environments."""

    observations: Array  # (n, in)
    actions: NDArray[Any]  # (n, width) or (n,), from the head's `as_stored`
    values: Array  # (n,), of the policy that collected them, as are the rest
    log_probs: Array  # (n,)
    advantages: Array  # (n,)
    returns: Array  # (n,)

    def taken(self, rows: NDArray[np.intp]) -> "Samples":
        """The samples of some rows, in the given order."""
        return Samples(**{name: array[rows] for name, array in vars(self).items()})


@dataclass(kw_only=True)
class UpdateSignals:
    """The values that SB3 logs for an update: one number per minibatch."""

    entropy_losses: list[float] = field(default_factory=list)
    policy_losses: list[float] = field(default_factory=list)
    value_losses: list[float] = field(default_factory=list)
    clip_fractions: list[float] = field(default_factory=list)
    kl_divergences: list[float] = field(default_factory=list)  # of the last epoch
    epochs: int = 0  # begun
    stopped: bool = False  # by `target_kl`

    def loss(self, settings: Settings) -> float:
        """The whole loss of the last minibatch."""
        return (
            self.policy_losses[-1]
            + settings.ent_coef * self.entropy_losses[-1]
            + settings.vf_coef * self.value_losses[-1]
        )


class FlatAdam:
    """Clips the gradient's global norm and takes Adam's step, as torch 2 does, on flat arrays.

    Moments and step count are shared with the torch optimizer, so that a saved model resumes with either class.
    Source: D. P. Kingma, J. Ba, "Adam: A Method for Stochastic Optimization", 2015.
    """

    def __init__(self, parameters: FlatParameters, optimizer: torch.optim.Optimizer) -> None:
        self._parameters = parameters
        self._optimizer = optimizer
        self._mean = np.zeros_like(parameters.values)  # exponential average of the gradient
        self._square = np.zeros_like(parameters.values)  # and of its square
        self._mean_views = parameters.torch_views(self._mean)
        self._square_views = parameters.torch_views(self._square)
        self._scratch = np.empty_like(parameters.values)
        self._steps = 0

    @contextlib.contextmanager
    def attached(self) -> Iterator[None]:
        """Synchronises with the torch optimizer's state, which `load` replaces; `step` is only valid inside."""
        self._steps = 0
        views = zip(self._parameters.tensors, self._mean_views, self._square_views, strict=True)
        for parameter, mean, square in views:
            state = self._optimizer.state[parameter]
            if "step" not in state:
                state.update(step=torch.tensor(0.0), exp_avg=mean.zero_(), exp_avg_sq=square.zero_())
            elif state["exp_avg"].data_ptr() != mean.data_ptr():
                state.update(exp_avg=mean.copy_(state["exp_avg"]), exp_avg_sq=square.copy_(state["exp_avg_sq"]))
            self._steps = int(state["step"])
        try:
            yield
        finally:
            for state in self._optimizer.state.values():
                state["step"].fill_(float(self._steps))

    def step(self, max_grad_norm: float) -> None:
        """One step along the gradient, its norm clipped to `max_grad_norm`."""
        LIFE.sign()
        group = self._optimizer.param_groups[0]
        beta1, beta2 = group["betas"]
        gradient, scratch = self._parameters.gradient, self._scratch
        norm = math.sqrt(float(np.dot(gradient, gradient)))
        scale = max_grad_norm / (norm + 1e-6)  # the 1e-6 is torch's
        self._steps += 1
        # p -= lr / c1 · m / (sqrt(v) / c2 + eps), both sides of the fraction times c2
        root = math.sqrt(1.0 - beta2**self._steps)
        floor, rate = group["eps"] * root, group["lr"] * root / (1.0 - beta1**self._steps)
        if COMPILES:
            factors = (1.0 if scale >= 1.0 else scale, beta2, 1.0 - beta1, 1.0 - beta2, floor, rate)
            adam(self._parameters.values, gradient, self._mean, self._square, *map(np.float32, factors))
            return
        if not scale >= 1.0:
            np.multiply(gradient, scale, out=gradient)
        np.subtract(gradient, self._mean, out=scratch)
        np.multiply(scratch, 1.0 - beta1, out=scratch)
        np.add(self._mean, scratch, out=self._mean)
        np.multiply(gradient, gradient, out=scratch)
        np.multiply(scratch, 1.0 - beta2, out=scratch)
        np.multiply(self._square, beta2, out=self._square)
        np.add(self._square, scratch, out=self._square)
        np.sqrt(self._square, out=scratch)
        np.add(scratch, floor, out=scratch)
        np.divide(self._mean, scratch, out=scratch)
        np.multiply(scratch, rate, out=scratch)
        np.subtract(self._parameters.values, scratch, out=self._parameters.values)


class Updater:
    """Runs the updates of one network and reuses its buffers."""

    def __init__(self, network: Network, head: ActionHead, adam: FlatAdam) -> None:
        self._network = network
        self._head = head
        self._adam = adam
        self._learners: dict[int, tuple[Learning, HeadLearning]] = {}

    def run(self, samples: Samples, settings: Settings) -> UpdateSignals:
        """Runs the epochs over the samples; `target_kl` may stop them early. Shuffles with NumPy's global generator."""
        signals = UpdateSignals()
        for _ in range(settings.n_epochs):
            epoch = _Epoch(samples.taken(np.random.permutation(len(samples.returns))), settings)
            signals.stopped = not self._descend(epoch, settings, signals)
            epoch.book(signals)
            if signals.stopped:
                break
        return signals

    def _descend(self, epoch: "_Epoch", settings: Settings, signals: UpdateSignals) -> bool:
        """Takes a gradient step per minibatch; returns False if `target_kl` is exceeded."""
        for rows in epoch.minibatches():
            learning, head = self._learner(rows.stop - rows.start)
            outputs = learning.forward(epoch.samples.observations[rows], epoch.values[rows])
            d_outputs = head.policy_gradient(outputs, epoch.policy_rows(rows), settings.ent_coef)
            signals.entropy_losses.append(-head.entropy())
            epoch.seen = rows.stop
            if settings.target_kl is not None and epoch.divergence(rows) > 1.5 * settings.target_kl:
                return False
            learning.backward(epoch.samples.observations[rows], d_outputs, epoch.value_gradient(rows, settings))
            self._adam.step(settings.max_grad_norm)
        return True

    def _learner(self, rows: int) -> tuple[Learning, HeadLearning]:
        if rows not in self._learners:
            self._learners[rows] = Learning(self._network, rows), self._head.learning(rows)
        return self._learners[rows]


class _Epoch:
    """One pass over the shuffled samples, with the values of each row for the logs."""

    def __init__(self, samples: Samples, settings: Settings) -> None:
        self.samples = samples
        self.seen = 0  # rows
        count = len(samples.returns)
        self.values, self.log_ratio, self.ratio = (np.empty(count, dtype=np.float32) for _ in range(3))
        self._settings = settings
        self._size = settings.batch_size
        self._weights = self._advantage_weights()

    def minibatches(self) -> Iterator[slice]:
        """The rows of each minibatch; the last is shorter if the batch size does not divide the rollout."""
        count = len(self.values)
        return (slice(start, min(start + self._size, count)) for start in range(0, count, self._size))

    def _advantage_weights(self) -> Array:
        """The weights of the ratios: minus the advantages, normalised per minibatch, divided by its size."""
        parts = [self._weigh(part) for part in _parts(self.samples.advantages, self._size)]
        return np.concatenate([part.reshape(-1) for part in parts])

    def _weigh(self, part: Array) -> Array:
        size = part.shape[1]
        if self._settings.normalize_advantage and size > 1:
            deviation = part.std(axis=1, ddof=1, keepdims=True)
            part = (part - part.mean(axis=1, keepdims=True)) / (deviation + np.float32(1e-8))
        return part * np.float32(-1.0 / size)

    def policy_rows(self, rows: slice) -> PolicyRows:
        """A minibatch for the policy's loss."""
        samples = self.samples
        return PolicyRows(
            actions=samples.actions[rows],
            log_probs=samples.log_probs[rows],
            weights=self._weights[rows],
            clip_range=self._settings.clip_range,
            log_ratio=self.log_ratio[rows],
            ratio=self.ratio[rows],
        )

    def value_gradient(self, rows: slice, settings: Settings) -> Array:
        """The gradient (b,), at the values, of `vf_coef` times the mean squared error."""
        gradient = self._value_errors(rows)
        gradient *= 2.0 * settings.vf_coef / len(gradient)
        if settings.clip_range_vf is not None:
            moved = self.values[rows] - self.samples.values[rows]
            gradient *= np.abs(moved) <= settings.clip_range_vf
        return gradient

    def _value_errors(self, rows: slice) -> Array:
        values, limit = self.values[rows], self._settings.clip_range_vf
        if limit is not None:
            old = self.samples.values[rows]
            values = old + np.clip(values - old, -limit, limit)
        errors: Array = values - self.samples.returns[rows]
        return errors

    def divergence(self, rows: slice) -> float:
        """The approximate KL divergence of one minibatch: the mean of (r - 1) - log r."""
        return float(((self.ratio[rows] - 1.0) - self.log_ratio[rows]).mean())

    def book(self, signals: UpdateSignals) -> None:
        """Adds this epoch's values, one per minibatch, to the signals."""
        rows = slice(0, self.seen)
        ratio = self.ratio[rows]
        free, clipped = surrogates(ratio, self._weights[rows], self._settings.clip_range)
        beyond = np.abs(ratio - 1.0) > self._settings.clip_range
        signals.policy_losses += self._each(np.maximum(free, clipped), np.add.reduce)
        signals.value_losses += self._each(np.square(self._value_errors(rows)), np.mean)
        signals.clip_fractions += self._each(beyond.astype(np.float32), np.mean)
        signals.kl_divergences = self._each((ratio - 1.0) - self.log_ratio[rows], np.mean)
        signals.epochs += 1

    def _each(self, rows: Array, reduce: Any) -> list[float]:
        """One number per minibatch."""
        return [float(number) for part in _parts(rows, self._size) for number in reduce(part, axis=1)]


def _parts(rows: Array, size: int) -> list[Array]:
    """Rows (n,) as full minibatches (count, size) and, if rows remain, a last one (1, rest)."""
    whole = len(rows) // size * size
    parts = [rows[:whole].reshape(-1, size), rows[None, whole:]]
    return [part for part in parts if part.size]
