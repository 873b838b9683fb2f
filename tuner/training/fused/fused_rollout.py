"""The NumPy core of a fused PPO model, and its rollout."""

import logging
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray
from stable_baselines3 import PPO
from stable_baselines3.common.buffers import RolloutBuffer

from tuner.training.batches import flat, is_plain
from tuner.training.compiled import COMPILES
from tuner.training.fused.heads import GaussianActing, make_head
from tuner.training.fused.kernels import keep, keep_results
from tuner.training.fused.network import Acting, Array, Network
from tuner.training.fused.quick_acting import FEW, QuickActing
from tuner.training.fused.update import FlatAdam, Samples, Settings, Updater, UpdateSignals

logger = logging.getLogger(__name__)


class NotFiniteError(ValueError):
    """A parameter or a return is not finite. SB3 raises a ValueError for this too, a little later."""


class Core:
    """The NumPy counterparts of a model's policy, action distribution and optimizer, over flat arrays."""

    def __init__(self, model: PPO) -> None:
        self._policy, self._optimizer, self._n_envs = model.policy, model.policy.optimizer, model.n_envs
        self.network = Network(model.policy)
        self.head = make_head(self.network, model.action_space, model.n_envs)
        self._adam = FlatAdam(self.network.parameters, self._optimizer)
        self._updater = Updater(self.network, self.head, self._adam)
        layers, relu = self.network.actor_layers(), self.network.relu
        self._quick = QuickActing.made(self.network.parameters, layers, relu=relu)
        self._acting: dict[int, Acting] = {}

    def belongs_to(self, model: PPO) -> bool:
        """Whether the model still has the policy, parameters, optimizer and number of environments of this core."""
        policy, known = model.policy, {id(tensor) for tensor in self.network.parameters.tensors}
        return (
            policy is self._policy
            and policy.optimizer is self._optimizer
            and model.n_envs == self._n_envs
            and {id(parameter) for parameter in policy.parameters()} == known
        )

    def attach(self) -> None:
        """Makes every torch parameter a view of the core's arrays."""
        self.network.parameters.attach()

    def outputs(self, observations: NDArray[Any]) -> Array:
        """The actor's outputs (n, out) for observations (n, …), overwritten by the next call with the same n."""
        rows = len(observations)
        if self._quick is not None and rows <= FEW:
            return self._quick(observations)
        if rows not in self._acting:
            self._acting[rows] = Acting(self.network, rows)
        return self._acting[rows](flat(observations))

    def acting(self, kept: tuple[Array, Array, Array]) -> GaussianActing | None:
        """Acting in one compiled call that keeps observations, actions and noise; None where there is none."""
        return None if self._quick is None or self._n_envs > FEW else self.head.acting(self._quick, kept)

    def best_actions(self, observations: NDArray[Any]) -> NDArray[Any]:
        """The most likely actions (n, …)."""
        return self.head.mode(self.outputs(observations))

    def start_rollout(self, buffer: RolloutBuffer, observations: NDArray[Any]) -> "Rollout":
        """Starts a rollout that fills the buffer.

        Raises:
            NotFiniteError: if a parameter is not finite.
        """
        if not self.network.parameters.finite():
            raise NotFiniteError("the policy has parameters that are not finite")
        return Rollout(self, buffer, len(observations))

    def update(self, buffer: RolloutBuffer, settings: Settings) -> UpdateSignals:
        """Runs the update over a full buffer, which is flattened as by SB3."""
        if not buffer.generator_ready:
            for name in ("observations", "actions", "values", "log_probs", "advantages", "returns"):
                setattr(buffer, name, buffer.swap_and_flatten(getattr(buffer, name)))
            buffer.generator_ready = True
        samples = Samples(
            observations=flat(buffer.observations),
            actions=self.head.as_stored(buffer.actions),
            values=buffer.values.reshape(-1),
            log_probs=buffer.log_probs.reshape(-1),
            advantages=buffer.advantages.reshape(-1),
            returns=buffer.returns.reshape(-1),
        )
        with self._adam.attached():
            return self._updater.run(samples, settings)


class Rollout:
    """Fills a rollout buffer: actions at every step, values and log probabilities for all steps at the end."""

    def __init__(self, core: Core, buffer: RolloutBuffer, n_envs: int) -> None:
        self._core = core
        self._buffer = buffer
        self._parameters = core.network.parameters.values.copy()
        self._traces = np.empty((buffer.buffer_size, n_envs, core.head.trace_width), dtype=np.float32)
        self._alive = np.empty((buffer.buffer_size, n_envs), dtype=bool)  # episode continues after the step
        self._compiled = COMPILES and all(map(_is_single, (buffer.observations, buffer.actions, buffer.rewards)))
        self._shape, self._each = buffer.observations.shape[1:], (n_envs,)
        self._acting = None
        if self._compiled and buffer.observations.ndim == 3:
            self._acting = core.acting((buffer.observations, buffer.actions, self._traces))
        self._timeouts: list[tuple[int, int, NDArray[Any]]] = []  # step, environment, last observation

    def act(self, step: int, observations: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Draws actions; returns them as drawn and as passed to the environment (clipped).

        Raises:
            ValueError: if the observations are not those of all environments; compiled code would read beyond them.
        """
        if observations.shape != self._shape:
            raise ValueError(f"observations of shape {observations.shape} came, and {self._shape} is that of all")
        if self._acting is not None and is_plain(observations, 2):
            return self._acting(step, observations)
        buffer = self._buffer
        actions, passed, traces = self._core.head.draw(self._core.outputs(observations))
        if self._compiled and is_plain(observations, 2) and is_plain(actions, 2):
            keep(step, observations, actions, traces, buffer.observations, buffer.actions, self._traces)
        else:
            self._traces[step] = traces
            buffer.observations[step] = observations
            buffer.actions[step] = actions.reshape(len(actions), -1)
        return actions, passed

    def add(
        self, step: int, rewards: NDArray[Any], starts: Any, dones: NDArray[np.bool_], infos: list[dict[str, Any]]
    ) -> None:
        """Stores the results of a step."""
        buffer = self._buffer
        whole = rewards.shape == dones.shape == self._each
        if self._compiled and whole and is_plain(rewards, 1) and isinstance(starts, np.ndarray):
            ended = keep_results(step, rewards, starts, dones, buffer.rewards, buffer.episode_starts, self._alive)
        else:
            buffer.rewards[step] = rewards
            buffer.episode_starts[step] = starts
            np.logical_not(dones, out=self._alive[step])
            ended = bool(dones.any())
        for index, (done, info) in enumerate(zip(dones.tolist(), infos, strict=True)) if ended else ():
            if done and info.get("TimeLimit.truncated", False) and info.get("terminal_observation") is not None:
                self._timeouts.append((step, index, np.array(info["terminal_observation"])))
        buffer.pos = step + 1

    def finish(self, last_observations: NDArray[Any], gamma: float) -> None:
        """Computes values, log probabilities and advantages; a time-out adds the value of the last observation.

        Raises:
            NotFiniteError: if a return is not finite.
        """
        network, buffer = self._core.network, self._buffer
        if not np.array_equal(self._parameters, network.parameters.values, equal_nan=True):
            logger.warning("parameters changed within a rollout: values and log probabilities are those of its end")
        shape = buffer.rewards.shape
        everything = buffer.observations.reshape(-1, *buffer.observations.shape[2:])
        buffer.values = network.values(flat(everything)).reshape(shape)
        last_values = network.values(flat(last_observations))
        if self._timeouts:
            steps, indices, observations = zip(*self._timeouts, strict=True)
            buffer.rewards[steps, indices] += gamma * network.values(flat(np.stack(observations)))
        actions = self._core.head.as_stored(buffer.actions.reshape(-1, buffer.action_dim))
        traces = self._traces.reshape(len(actions), -1)
        buffer.log_probs = self._core.head.drawn_log_probs(traces, actions).reshape(shape)
        buffer.advantages = advantages(
            buffer.rewards, buffer.values, last_values, self._alive, gamma=buffer.gamma, gae_lambda=buffer.gae_lambda
        )
        buffer.returns = buffer.advantages + buffer.values
        if not np.isfinite(buffer.returns).all():
            raise NotFiniteError("the returns are not finite: an observation, a reward or a parameter is not")
        buffer.full = True


def _is_single(values: NDArray[Any]) -> bool:
    return is_plain(values, values.ndim)


def advantages(
    rewards: Array, values: Array, last_values: Array, next_alive: NDArray[np.bool_], *, gamma: float, gae_lambda: float
) -> Array:
    """A_t = d_t + gamma · lambda · alive_(t+1) · A_(t+1), with d_t = r_t + gamma · alive_(t+1) · V_(t+1) - V_t.

    Source: J. Schulman et al., "High-Dimensional Continuous Control Using Generalized Advantage Estimation", 2016.

    Args:
        rewards: (steps, envs).
        values: (steps, envs), of the observations that were acted on.
        last_values: (envs,), of the observations after the last step.
        next_alive: (steps, envs), whether the episode continues after the step.
        gamma: The discount factor.
        gae_lambda: The GAE parameter lambda.

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
