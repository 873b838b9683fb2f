"""Torch parameters over flat arrays; actor and critic of PPO's MlpPolicy, with hand-written backward passes."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.policies import ActorCriticPolicy
from torch import Tensor, nn

from tuner.record_type import Record
from tuner.training.compiled import COMPILES
from tuner.training.fused.kernels import add_and_tanh, through_tanh

Array = NDArray[np.float32]
Activation = Callable[..., Array]  # (x, out=…) → out


class FlatParameters:
    """Values and gradients of torch parameters, each in one flat float32 array, in the order given.

    The torch parameters are views of `values`, so a change on either side is visible on the other.
    """

    def __init__(self, tensors: Sequence[torch.Tensor]) -> None:
        self.tensors = tuple(tensors)
        ends = np.cumsum([tensor.numel() for tensor in tensors]).tolist()
        self._places = [slice(end - tensor.numel(), end) for tensor, end in zip(tensors, ends, strict=True)]
        self.values = np.zeros(ends[-1], dtype=np.float32)
        self.gradient = np.zeros_like(self.values)
        self._views = self.torch_views(self.values)
        self.attach()

    def torch_views(self, flat: Array) -> list[torch.Tensor]:
        """A tensor for each parameter, in its shape, over the memory of a flat array."""
        whole = torch.from_numpy(flat)
        return [whole[place].view(tensor.shape) for place, tensor in zip(self._places, self.tensors, strict=True)]

    def view(self, flat: Array, first: torch.Tensor, shape: tuple[int, ...]) -> Array:
        """The part of a flat array that begins where the parameter `first` does, in `shape`."""
        index = next(index for index, tensor in enumerate(self.tensors) if tensor is first)
        start = self._places[index].start
        return flat[start : start + int(np.prod(shape))].reshape(shape)

    def attach(self) -> None:
        """Makes every torch parameter a view of `values`; one that was moved to other memory is copied back first."""
        for tensor, view in zip(self.tensors, self._views, strict=True):
            if tensor.data_ptr() != view.data_ptr():
                view.copy_(tensor.data)
                tensor.data = view

    def finite(self) -> bool:
        """Whether every value is a finite number."""
        return bool(np.isfinite(self.values).all())


class Layer(Record):
    """One hidden layer of a tower, or of both towers stacked."""

    weight: Array  # (towers, out, in)
    bias: Array  # (towers, 1, out)
    weight_t: Array  # the weight, viewed as (towers, in, out)
    weight_gradient: Array  # (towers, out, in)
    bias_gradient: Array  # (towers, out)


class Output(Record):
    """The linear output layer of a tower: to action outputs or to the value."""

    weight: Array  # (out, in)
    bias: Array  # (out,)
    weight_gradient: Array
    bias_gradient: Array


class Network:
    """The policy's layers as arrays that share memory with the torch parameters.

    `towers` holds the hidden layers. If actor and critic have the same widths they are stacked into one pair, which
    halves the number of calls; otherwise the first tower is the actor's and the last the critic's.
    """

    def __init__(self, policy: ActorCriticPolicy) -> None:
        actor, critic = linears_of(policy.mlp_extractor.policy_net), linears_of(policy.mlp_extractor.value_net)
        groups: list[list[tuple[nn.Linear, ...]]] = [list(zip(actor, strict=True)), list(zip(critic, strict=True))]
        if [layer.weight.shape for layer in actor] == [layer.weight.shape for layer in critic]:
            groups = [list(zip(actor, critic, strict=True))]
        outputs = [*linears_of(policy.action_net), *linears_of(policy.value_net)]
        log_std: Tensor | None = getattr(policy, "log_std", None)
        blocks = [*(layer for group in groups for layer in group), *((output,) for output in outputs)]
        order = [parameter for block in blocks for parameter in _block(block)]
        self.parameters = FlatParameters(order if log_std is None else [*order, log_std])
        self.relu = policy.activation_fn is nn.ReLU
        self.activation: Activation = _relu if self.relu else np.tanh
        self.towers = [[self._layer(layer) for layer in group] for group in groups]
        self.actor, self.critic = (self._output(output) for output in outputs)
        self.log_std = None if log_std is None else self._vector(log_std, self.parameters.values)
        self.log_std_gradient = None if log_std is None else self._vector(log_std, self.parameters.gradient)

    def actor_layers(self) -> list[tuple[Array, Array]]:
        """Weights (out, in) and biases (out,) of the actor."""
        hidden = [(layer.weight[0], layer.bias[0, 0]) for layer in self.towers[0]]
        return [*hidden, (self.actor.weight, self.actor.bias)]

    def values(self, x: Array) -> Array:
        """The critic's values (n,) of observations (n, in)."""
        for layer in self.towers[-1]:
            x = x @ layer.weight_t[-1] + layer.bias[-1]
            self.activation(x, out=x)
        values: Array = x @ self.critic.weight[0] + self.critic.bias
        return values

    def _layer(self, linears: Sequence[nn.Linear]) -> Layer:
        values, gradient = self.parameters.values, self.parameters.gradient
        weight, bias, towers = linears[0].weight, linears[0].bias, len(linears)
        shape = (towers, *weight.shape)
        matrix = self.parameters.view(values, weight, shape)
        return Layer(
            weight=matrix,
            bias=self.parameters.view(values, bias, (towers, 1, len(bias))),
            weight_t=matrix.transpose(0, 2, 1),
            weight_gradient=self.parameters.view(gradient, weight, shape),
            bias_gradient=self.parameters.view(gradient, bias, (towers, len(bias))),
        )

    def _output(self, linear: nn.Linear) -> Output:
        values, gradient = self.parameters.values, self.parameters.gradient
        shape = tuple(linear.weight.shape)
        return Output(
            weight=self.parameters.view(values, linear.weight, shape),
            bias=self._vector(linear.bias, values),
            weight_gradient=self.parameters.view(gradient, linear.weight, shape),
            bias_gradient=self._vector(linear.bias, gradient),
        )

    def _vector(self, parameter: Tensor, flat: Array) -> Array:
        return self.parameters.view(flat, parameter, (parameter.numel(),))


def linears_of(module: nn.Module) -> list[nn.Linear]:
    """The linear layers of a module, in order."""
    return [part for part in module.modules() if isinstance(part, nn.Linear)]


def _block(linears: Sequence[nn.Linear]) -> list[Tensor]:
    """All weights, then all biases, so that each kind is contiguous in memory."""
    return [*(linear.weight for linear in linears), *(linear.bias for linear in linears)]


def _relu(x: Array, out: Array) -> Array:
    return np.maximum(x, 0.0, out=out)


class Acting:
    """The actor alone, for batches of `rows` observations. The result is overwritten by the next call."""

    def __init__(self, network: Network, rows: int) -> None:
        self._activation = network.activation
        self._output = network.actor
        self._outputs = np.empty((rows, len(network.actor.bias)), dtype=np.float32)
        self._layers = [
            (layer.weight_t[0], layer.bias[0], np.empty((rows, layer.bias.shape[2]), dtype=np.float32))
            for layer in network.towers[0]
        ]

    def __call__(self, x: NDArray[Any]) -> Array:
        """The actor's outputs (rows, out) for observations (rows, in)."""
        for weight, bias, out in self._layers:
            np.matmul(x, weight, out=out)
            np.add(out, bias, out=out)
            x = self._activation(out, out=out)
        np.matmul(x, self._output.weight.T, out=self._outputs)
        return np.add(self._outputs, self._output.bias, out=self._outputs)


class Learning:
    """Forward and backward passes over batches of `rows`. Results are overwritten by the next call."""

    def __init__(self, network: Network, rows: int) -> None:
        self._network = network
        self._compiled = COMPILES and not network.relu
        shapes = [[(len(layer.bias), rows, layer.bias.shape[2]) for layer in tower] for tower in network.towers]
        self._hidden = [_empty(tower) for tower in shapes]
        self._activations = [[_activation(network, out) for out in tower] for tower in self._hidden]
        self._deltas = [_empty(tower) for tower in shapes]
        self._slopes = [_empty(tower) for tower in shapes]
        self._outputs = np.empty((rows, len(network.actor.bias)), dtype=np.float32)
        self._ones = np.ones(rows, dtype=np.float32)  # products with it sum over rows, faster than `add.reduce`

    def forward(self, x: Array, values: Array) -> Array:
        """The actor's outputs (rows, out) for observations (rows, in); writes the critic's values (rows,)."""
        network = self._network
        for tower, hidden, activations in zip(network.towers, self._hidden, self._activations, strict=True):
            h = x
            for layer, out, activate in zip(tower, hidden, activations, strict=True):
                np.matmul(h, layer.weight_t, out=out)
                if self._compiled:
                    add_and_tanh(out, layer.bias)
                else:
                    np.add(out, layer.bias, out=out)
                    activate()
                h = out
        latent_pi, latent_vf = self._latents(x)
        np.matmul(latent_vf, network.critic.weight[0], out=values)
        np.add(values, network.critic.bias, out=values)
        np.matmul(latent_pi, network.actor.weight.T, out=self._outputs)
        return np.add(self._outputs, network.actor.bias, out=self._outputs)

    def backward(self, x: Array, d_outputs: Array, d_values: Array) -> None:
        """Writes the gradient of every weight and bias from those of outputs and values; call `forward` first."""
        actor, critic = self._network.actor, self._network.critic
        latent_pi, latent_vf = self._latents(x)
        np.matmul(d_outputs.T, latent_pi, out=actor.weight_gradient)
        np.matmul(self._ones, d_outputs, out=actor.bias_gradient)
        np.matmul(d_values, latent_vf, out=critic.weight_gradient[0])
        np.add.reduce(d_values, out=critic.bias_gradient[0, ...])
        if self._deltas[0]:
            np.matmul(d_outputs, actor.weight, out=self._deltas[0][-1][0])
        if self._deltas[-1]:
            np.multiply(d_values[:, None], critic.weight, out=self._deltas[-1][-1][-1])
        for tower in range(len(self._deltas)):
            self._tower_backward(tower, x)

    def _tower_backward(self, tower: int, x: Array) -> None:
        layers, hidden, deltas = self._network.towers[tower], self._hidden[tower], self._deltas[tower]
        for depth in reversed(range(len(layers))):
            layer, delta = layers[depth], deltas[depth]
            self._through_activation(hidden[depth], delta, self._slopes[tower][depth])
            np.matmul(delta.transpose(0, 2, 1), hidden[depth - 1] if depth else x, out=layer.weight_gradient)
            np.matmul(self._ones, delta, out=layer.bias_gradient)
            if depth:
                np.matmul(delta, layer.weight, out=deltas[depth - 1])

    def _through_activation(self, hidden: Array, delta: Array, slope: Array) -> None:
        if self._compiled:
            through_tanh(hidden, delta)
            return
        if self._network.relu:
            np.sign(hidden, out=slope)
        else:
            np.multiply(hidden, hidden, out=slope)
            np.subtract(1.0, slope, out=slope)
        np.multiply(delta, slope, out=delta)

    def _latents(self, x: Array) -> tuple[Array, Array]:
        actor, critic = self._hidden[0], self._hidden[-1]
        return actor[-1][0] if actor else x, critic[-1][-1] if critic else x


def _activation(network: Network, out: Array) -> Callable[[], object]:
    """The activation in place, bound to its array; tanh(x) = 2 sigmoid(2x) - 1, since torch's sigmoid is fast."""
    if network.relu:
        return partial(np.maximum, out, 0.0, out=out)
    tensor = torch.from_numpy(out)

    def tanh() -> None:
        np.add(out, out, out=out)
        torch.sigmoid(tensor, out=tensor)
        np.add(out, out, out=out)
        np.subtract(out, 1.0, out=out)

    return tanh


def _empty(shapes: Sequence[tuple[int, ...]]) -> list[Array]:
    return [np.empty(shape, dtype=np.float32) for shape in shapes]
