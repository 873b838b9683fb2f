"""DQN over flat arrays: acting, and gradient steps on batches from the replay buffer.

Source: V. Mnih et al., "Human-level control through deep reinforcement learning", 2015, as implemented in
Stable-Baselines3 2.9: one step, a target network, Huber's loss.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from stable_baselines3 import DQN
from stable_baselines3.common.buffers import ReplayBuffer
from stable_baselines3.common.vec_env import VecNormalize
from stable_baselines3.dqn.policies import QNetwork
from torch import nn

from tuner.record_type import Record
from tuner.training.batches import flat
from tuner.training.fused.network import Array, FlatParameters, linears_of
from tuner.training.fused.quick_acting import FEW, QuickActing
from tuner.training.fused.update import FlatAdam


class Transitions(Record):
    """A batch of n steps."""

    observations: Array  # (n, in)
    actions: NDArray[np.intp]  # (n,)
    rewards: Array  # (n,)
    next_observations: Array  # (n, in)
    ends: Array  # (n,), 1 where an episode ended, and not by its time limit


def draw_transitions(buffer: ReplayBuffer, count: int, env: VecNormalize | None) -> Transitions:
    """A batch as SB3 draws it, by the same random numbers."""
    rows = np.random.randint(0, buffer.buffer_size if buffer.full else buffer.pos, size=count)
    envs = np.random.randint(0, high=buffer.n_envs, size=(count,))
    return Transitions(
        observations=flat(np.asarray(buffer._normalize_obs(buffer.observations[rows, envs], env))),
        actions=buffer.actions[rows, envs, 0].astype(np.intp, copy=False),
        rewards=buffer._normalize_reward(buffer.rewards[rows, envs], env).astype(np.float32, copy=False),
        next_observations=flat(np.asarray(buffer._normalize_obs(buffer.next_observations[rows, envs], env))),
        ends=buffer.dones[rows, envs] * (1 - buffer.timeouts[rows, envs]),
    )


class Perceptron:
    """The layers of a Q network as arrays that share memory with the torch parameters."""

    def __init__(self, net: QNetwork) -> None:
        linears = linears_of(net.q_net)
        parameters = self.parameters = FlatParameters([one for each in linears for one in (each.weight, each.bias)])
        self.relu = net.activation_fn is nn.ReLU

        def views(flat_array: Array) -> list[tuple[Array, Array]]:
            return [
                (
                    parameters.view(flat_array, each.weight, tuple(each.weight.shape)),
                    parameters.view(flat_array, each.bias, tuple(each.bias.shape)),
                )
                for each in linears
            ]

        self.layers = views(parameters.values)  # weights (out, in) and biases (out,)
        self._gradients = views(parameters.gradient)

    def __call__(self, x: Array) -> Array:
        """The Q values (n, actions) of observations (n, in)."""
        return self.passed(x)[-1]

    def passed(self, x: Array) -> list[Array]:
        """The inputs (n, in), the values of every hidden layer (n, width), and the Q values (n, actions)."""
        found = [x]
        for weight, bias in self.layers:
            x = x @ weight.T
            x += bias
            if len(found) < len(self.layers):
                x = np.maximum(x, 0.0, out=x) if self.relu else np.tanh(x, out=x)
            found.append(x)
        return found

    def write_gradient(self, passed: list[Array], delta: Array) -> None:
        """Writes the gradient of every weight and bias from that of the Q values (n, actions)."""
        for depth in reversed(range(len(self.layers))):
            weight_gradient, bias_gradient = self._gradients[depth]
            np.matmul(delta.T, passed[depth], out=weight_gradient)
            np.add.reduce(delta, axis=0, out=bias_gradient)
            if depth:
                hidden = passed[depth]
                delta = delta @ self.layers[depth][0]
                delta *= np.sign(hidden) if self.relu else 1.0 - hidden * hidden


class QCore:
    """The NumPy counterparts of a DQN model's two networks and its optimizer."""

    def __init__(self, model: DQN) -> None:
        self._policy, self._optimizer = model.policy, model.policy.optimizer
        self._online, self._target = Perceptron(model.q_net), Perceptron(model.q_net_target)
        self._adam = FlatAdam(self._online.parameters, self._optimizer)
        self._quick = QuickActing.made(self._online.parameters, self._online.layers, relu=self._online.relu)

    def belongs_to(self, model: DQN) -> bool:
        """Whether the model still has the policy, parameters and optimizer of this core."""
        nets = ((model.q_net, self._online), (model.q_net_target, self._target))
        return (
            model.policy is self._policy
            and model.policy.optimizer is self._optimizer
            and all({*map(id, net.parameters())} == {*map(id, own.parameters.tensors)} for net, own in nets)
        )

    def attach(self) -> None:
        """Makes every torch parameter a view of the core's arrays."""
        self._online.parameters.attach()
        self._target.parameters.attach()

    def best_actions(self, observations: NDArray[Any]) -> NDArray[Any]:
        """The actions (n,) of the greatest Q values for observations (n, …)."""
        quick = self._quick if len(observations) <= FEW else None
        values = self._online(flat(observations)) if quick is None else quick(observations)
        actions: NDArray[Any] = values.argmax(axis=1)
        return actions

    def update(
        self, buffer: ReplayBuffer, env: VecNormalize | None, steps: int, batch_size: int, gamma: float, norm: float
    ) -> list[float]:
        """Takes gradient steps.

        Args:
            buffer: Where the batches come from.
            env: What normalises them, if anything does.
            steps: How many.
            batch_size: Of each.
            gamma: The discount factor.
            norm: To which the gradient's norm is clipped.

        Returns:
            The loss of each step, before it.
        """
        with self._adam.attached(), np.errstate(over="ignore", invalid="ignore"):  # torch is silent as well
            return [self._step(draw_transitions(buffer, batch_size, env), gamma, norm) for _ in range(steps)]

    def _step(self, batch: Transitions, gamma: float, norm: float) -> float:
        count = np.arange(len(batch.actions))
        targets = batch.rewards + (1 - batch.ends) * gamma * self._target(batch.next_observations).max(axis=1)
        passed = self._online.passed(batch.observations)
        errors = passed[-1][count, batch.actions] - targets
        slopes = np.clip(errors, -1.0, 1.0)
        delta = np.zeros_like(passed[-1])
        delta[count, batch.actions] = slopes / np.float32(len(count))
        self._online.write_gradient(passed, delta)
        self._adam.step(norm)
        return float((slopes * (errors - 0.5 * slopes)).mean())
