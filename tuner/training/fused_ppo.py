"""PPO that is SB3's to the digit, several times faster on a CPU: rollout and update written out in NumPy."""

import logging
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3 import PPO
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.utils import explained_variance
from stable_baselines3.common.vec_env import VecEnv

from tuner.training.fused.adam import FlatAdam
from tuner.training.fused.advantages import advantages
from tuner.training.fused.coverage import uncovered
from tuner.training.fused.heads import make_head
from tuner.training.fused.network import Acting, Network
from tuner.training.fused.parameters import Array
from tuner.training.fused.update import Samples, Settings, Signals, Updater

logger = logging.getLogger(__name__)


class NotFiniteError(ValueError):
    """Training has left the finite numbers. SB3 raises a ValueError for it, a little later."""


class FusedPPO(PPO):
    """Stable-Baselines3's PPO with the same arguments, random streams and results, at a fraction of its overhead.

    The policy's parameters live in one flat array that the torch parameters view, so that everything else of SB3
    works as ever: `save` and `load` (also across the two classes), `predict`, callbacks, schedules, VecNormalize.
    Two roundings of one algorithm agree over the first updates and part later, as any two do.

    Covered are MlpPolicy with tanh or ReLU, Box and Discrete actions, flat Box observations, Adam, on the CPU. Any
    other case is trained by SB3's own code; `stepped_aside` then says why. It is looked at before every rollout and
    update, so that policy, layers and optimizer may be exchanged at any time.

    What a callback may notice: while a rollout is under way, the locals hold no `values`, `log_probs` and `obs_tensor`,
    and the buffer neither values nor log probabilities. They are computed at its end, with the parameters of then.
    """

    stepped_aside: str | None = None  # why this model is trained by SB3's own code, None where it is not
    _core: "_Core | None" = None

    def _setup_model(self) -> None:
        super()._setup_model()
        self._fused()

    def _fused(self) -> "_Core | None":
        """What trains the model as it is now; None where SB3's own code does."""
        reason = uncovered(self)
        if reason is not None and reason != self.stepped_aside:
            logger.debug("fused PPO steps aside for SB3's: %s", reason)
        self.stepped_aside = reason
        if reason is not None:
            self._core = None
        elif self._core is None or not self._core.belongs_to(self):
            self._core = _Core(self)
        if self._core is not None:
            self._core.network.parameters.attach()
        return self._core

    def _excluded_save_params(self) -> list[str]:
        return [*super()._excluded_save_params(), "_core", "stepped_aside"]

    def __getstate__(self) -> dict[str, Any]:
        """A copy makes arrays of its own that its own parameters view."""
        return {name: value for name, value in vars(self).items() if name != "_core"}

    def actor(self) -> Callable[[NDArray[Any]], NDArray[Any]]:
        """A function from observations (n, …) to deterministic actions (n, …), those of `predict`, in less time.

        It is good for as long as the policy keeps its layers; their values may change.
        """
        core = self._fused()
        if core is not None:
            return core.best_actions
        return lambda observations: self.predict(observations, deterministic=True)[0]

    def collect_rollouts(
        self, env: VecEnv, callback: BaseCallback, rollout_buffer: RolloutBuffer, n_rollout_steps: int
    ) -> bool:
        """Steps the environments `n_rollout_steps` times; False where the callback said stop.

        Raises:
            NotFiniteError: where a parameter of the policy or a return is not finite.
        """
        core = self._fused()
        if core is None:
            return super().collect_rollouts(env, callback, rollout_buffer, n_rollout_steps)
        assert isinstance(self._last_obs, np.ndarray), "No previous observation was provided"  # noqa: S101 - SB3's own
        self.policy.set_training_mode(False)
        rollout_buffer.reset()
        callback.on_rollout_start()
        rollout = core.start_rollout(rollout_buffer, self._last_obs)
        n_steps = 0
        while n_steps < n_rollout_steps:
            actions, clipped_actions = rollout.act(n_steps, self._last_obs)  # type: ignore[arg-type]
            new_obs, rewards, dones, infos = env.step(clipped_actions)
            self.num_timesteps += env.num_envs
            callback.update_locals(locals())
            if not callback.on_step():
                return False
            self._update_info_buffer(infos, dones)
            rollout.add(n_steps, rewards, self._last_episode_starts, dones, infos)
            n_steps += 1
            self._last_obs = new_obs  # type: ignore[assignment]
            self._last_episode_starts = dones
        rollout.finish(self._last_obs, self.gamma)  # type: ignore[arg-type]
        callback.update_locals(locals())
        callback.on_rollout_end()
        return True

    def train(self) -> None:
        """Updates the policy from the rollout, and logs what SB3 logs."""
        core = self._fused()
        if core is None:
            super().train()
            return
        self.policy.set_training_mode(True)
        self._update_learning_rate(self.policy.optimizer)
        settings = self._settings()
        signals = core.update(self.rollout_buffer, settings)
        self._n_updates += signals.epochs
        if signals.stopped and self.verbose >= 1:
            kl = signals.kl_divergences[-1]
            print(f"Early stopping at step {signals.epochs - 1} due to reaching max kl: {kl:.2f}")  # noqa: T201
        self._log(signals, settings)

    def _settings(self) -> Settings:
        remaining = self._current_progress_remaining
        return Settings(
            batch_size=self.batch_size,
            n_epochs=self.n_epochs,
            clip_range=self.clip_range(remaining),  # type: ignore[operator]
            clip_range_vf=None if self.clip_range_vf is None else self.clip_range_vf(remaining),  # type: ignore[operator]
            normalize_advantage=self.normalize_advantage,
            ent_coef=self.ent_coef,
            vf_coef=self.vf_coef,
            max_grad_norm=self.max_grad_norm,
            target_kl=self.target_kl,
        )

    def _log(self, signals: Signals, settings: Settings) -> None:
        record, buffer = self.logger.record, self.rollout_buffer
        record("train/entropy_loss", np.mean(signals.entropy_losses))
        record("train/policy_gradient_loss", np.mean(signals.policy_losses))
        record("train/value_loss", np.mean(signals.value_losses))
        record("train/approx_kl", np.mean(signals.kl_divergences))
        record("train/clip_fraction", np.mean(signals.clip_fractions))
        record("train/loss", signals.loss(settings))
        record("train/explained_variance", explained_variance(buffer.values.flatten(), buffer.returns.flatten()))
        if hasattr(self.policy, "log_std"):
            record("train/std", torch.exp(self.policy.log_std).mean().item())
        record("train/n_updates", self._n_updates, exclude="tensorboard")
        record("train/clip_range", settings.clip_range)
        if settings.clip_range_vf is not None:
            record("train/clip_range_vf", settings.clip_range_vf)


class _Core:
    """What a model holds beside SB3's own parts: the network over flat memory, its head, its optimizer."""

    def __init__(self, model: PPO) -> None:
        self._policy, self._optimizer, self._n_envs = model.policy, model.policy.optimizer, model.n_envs
        self.network = Network(model.policy)
        self.head = make_head(self.network, model.action_space, model.n_envs)
        self._adam = FlatAdam(self.network.parameters, self._optimizer)
        self._updater = Updater(self.network, self.head, self._adam)
        self._acting: dict[int, Acting] = {}

    def belongs_to(self, model: PPO) -> bool:
        """Whether the model still has the policy, parameters, optimizer and environments that this was made for."""
        policy, known = model.policy, {id(tensor) for tensor in self.network.parameters.tensors}
        return (
            policy is self._policy
            and policy.optimizer is self._optimizer
            and model.n_envs == self._n_envs
            and {id(parameter) for parameter in policy.parameters()} == known
        )

    def outputs(self, observations: NDArray[Any]) -> Array:
        """The actor's outputs (n, out) for observations (n, …), overwritten by the next call for as many."""
        rows = len(observations)
        if rows not in self._acting:
            self._acting[rows] = Acting(self.network, rows)
        return self._acting[rows](flat(observations))

    def best_actions(self, observations: NDArray[Any]) -> NDArray[Any]:
        """The likeliest actions (n, …)."""
        return self.head.mode(self.outputs(observations))

    def start_rollout(self, buffer: RolloutBuffer, observations: NDArray[Any]) -> "_Rollout":
        """A rollout to be filled.

        Raises:
            NotFiniteError: where a parameter is not finite.
        """
        if not self.network.parameters.finite():
            raise NotFiniteError("the policy has parameters that are not finite")
        return _Rollout(self, buffer, len(observations))

    def update(self, buffer: RolloutBuffer, settings: Settings) -> Signals:
        """The update over a full buffer, which is left flattened, as SB3 leaves it."""
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


class _Rollout:
    """Fills a rollout buffer: actions step by step, all that needs no step (values, log probabilities) at the end."""

    def __init__(self, core: _Core, buffer: RolloutBuffer, n_envs: int) -> None:
        self._core = core
        self._buffer = buffer
        self._parameters = core.network.parameters.values.copy()
        self._traces = np.empty((buffer.buffer_size, n_envs, core.head.trace_width), dtype=np.float32)
        self._alive = np.empty((buffer.buffer_size, n_envs), dtype=bool)  # after the step
        self._timeouts: list[tuple[int, int, NDArray[Any]]] = []  # step, environment, last observation

    def act(self, step: int, observations: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Draws actions; returns them as they are and as the environment takes them."""
        head = self._core.head
        actions, self._traces[step] = head.draw(self._core.outputs(observations))
        self._buffer.observations[step] = observations
        self._buffer.actions[step] = actions.reshape(len(actions), -1)
        return actions, head.for_env(actions)

    def add(
        self, step: int, rewards: NDArray[Any], starts: Any, dones: NDArray[np.bool_], infos: list[dict[str, Any]]
    ) -> None:
        """Notes what the step brought."""
        self._buffer.rewards[step] = rewards
        self._buffer.episode_starts[step] = starts
        np.logical_not(dones, out=self._alive[step])
        for index, (done, info) in enumerate(zip(dones.tolist(), infos, strict=True)):
            if done and info.get("TimeLimit.truncated", False) and info.get("terminal_observation") is not None:
                self._timeouts.append((step, index, np.array(info["terminal_observation"])))
        self._buffer.pos = step + 1

    def finish(self, last_observations: NDArray[Any], gamma: float) -> None:
        """Values, log probabilities, and the advantages; an episode that ran out of time is worth its last value.

        Raises:
            NotFiniteError: where a return is not finite.
        """
        network, buffer = self._core.network, self._buffer
        if not np.array_equal(self._parameters, network.parameters.values, equal_nan=True):
            logger.warning("parameters changed within a rollout: its values and log probabilities are those of its end")
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


def flat(observations: NDArray[Any]) -> Array:
    """Observations (n, …) as rows (n, in) in single precision."""
    return observations.reshape(len(observations), -1).astype(np.float32, copy=False)
