"""Stable-Baselines3's PPO with rollout and update in NumPy: the same up to rounding, several times faster on a CPU."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3 import PPO
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.torch_layers import FlattenExtractor
from stable_baselines3.common.utils import explained_variance
from stable_baselines3.common.vec_env import VecEnv

from tuner.training.fused.fused_model import FusedModel, layer_reasons, optimizer_reasons, space_reasons
from tuner.training.fused.fused_rollout import Core
from tuner.training.fused.update import Settings, UpdateSignals


class FusedPPO(FusedModel[Core], PPO):
    """A faster Stable-Baselines3 PPO with the same arguments and random streams.

    After one update its parameters are within 1e-6 of SB3's; later the different rounding makes the two diverge. The
    torch parameters are views of one flat array, so that the rest of SB3 works unchanged: `save` and `load` (also
    across the two classes), `predict`, callbacks, schedules, VecNormalize.

    Supported are MlpPolicy with tanh or ReLU, Box and Discrete actions, flat Box observations, Adam, on the CPU. Any
    other case is trained by SB3's own code; `stepped_aside` then says why. This is checked before every rollout and
    update.

    Difference for callbacks: during a rollout the locals have no `values`, `log_probs` and `obs_tensor`, and the buffer
    has no values and log probabilities. These are computed at its end, with the parameters of that moment.
    """

    def uncovered(self) -> Iterator[str]:
        """Every reason why the model as it is now is not covered."""
        policy = self.policy
        if type(policy) is not ActorCriticPolicy:
            yield f"the policy is {type(policy).__name__}, not MlpPolicy"
            return
        if self.use_sde:
            yield "gSDE (use_sde) explores by noise that depends on the state"
        if self.device.type != "cpu":
            yield f"the device is {self.device}, not the CPU"
        if type(self.rollout_buffer) is not RolloutBuffer:
            yield f"the rollout buffer is {type(self.rollout_buffer).__name__}"
        yield from space_reasons(self.observation_space)
        yield from _action_reasons(self.action_space)
        if type(policy.features_extractor) is not FlattenExtractor:
            yield f"the features extractor is {type(policy.features_extractor).__name__}"
        nets = [list(policy.mlp_extractor.policy_net), list(policy.mlp_extractor.value_net)]
        yield from layer_reasons(policy, nets, [policy.action_net, policy.value_net], policy.activation_fn)
        yield from optimizer_reasons(policy.optimizer, list(policy.parameters()))

    def make_core(self) -> Core:
        """A core for the model, which is covered."""
        return Core(self)

    def collect_rollouts(
        self, env: VecEnv, callback: BaseCallback, rollout_buffer: RolloutBuffer, n_rollout_steps: int
    ) -> bool:
        """Steps the environments `n_rollout_steps` times; returns False if the callback stops training.

        Raises:
            NotFiniteError: if a parameter of the policy or a return is not finite.
        """
        core = self.core()
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
        """Updates the policy from the rollout, and logs the same values as SB3."""
        core = self.core()
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

    def _log(self, signals: UpdateSignals, settings: Settings) -> None:
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


def _action_reasons(actions: spaces.Space[Any]) -> Iterator[str]:
    if isinstance(actions, spaces.Box):
        if actions.dtype not in (np.float32, np.float64):
            yield f"the actions are of type {actions.dtype}"
    elif not isinstance(actions, spaces.Discrete):
        yield f"the action space is {type(actions).__name__}, neither Box nor Discrete"
