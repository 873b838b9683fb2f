"""Stable-Baselines3's DQN with acting and gradient steps in NumPy: the same up to rounding, faster on a CPU."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3 import DQN
from stable_baselines3.common.buffers import ReplayBuffer
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.torch_layers import FlattenExtractor
from stable_baselines3.common.type_aliases import RolloutReturn
from stable_baselines3.dqn.policies import DQNPolicy, QNetwork

from tuner.training.fused.fused_model import FusedModel, layer_reasons, optimizer_reasons, space_reasons
from tuner.training.fused.q_learning import QCore


class FusedDQN(FusedModel[QCore], DQN):
    """A faster Stable-Baselines3 DQN with the same arguments and random streams.

    Supported are MlpPolicy with ReLU or tanh, flat Box observations, the plain replay buffer, Adam, on the CPU. Any
    other case is trained by SB3's own code; `stepped_aside` then says why. This is checked before every update, and
    before every rollout that follows none.

    Difference for callbacks: what they replace acts from the next rollout on, and is trained from the next update on.
    """

    own = ("_core", "_acting", "_checked")
    _acting: QCore | None = None  # during a rollout
    _checked = False  # by an update that no rollout has followed yet

    def uncovered(self) -> Iterator[str]:
        """Every reason why the model as it is now is not covered."""
        policy = self.policy
        if type(policy) is not DQNPolicy:
            yield f"the policy is {type(policy).__name__}, not MlpPolicy"
            return
        if self.device.type != "cpu":
            yield f"the device is {self.device}, not the CPU"
        buffer = self.replay_buffer
        if type(buffer) is not ReplayBuffer:
            yield f"the replay buffer is {type(buffer).__name__}"
        elif buffer.optimize_memory_usage:
            yield "the replay buffer saves memory (optimize_memory_usage)"
        yield from space_reasons(self.observation_space)
        if int(getattr(self.action_space, "start", 0)) != 0:
            yield "the actions do not begin at 0"
        yield from self._network_reasons(policy)
        yield from optimizer_reasons(policy.optimizer, list(policy.q_net.parameters()))

    def _network_reasons(self, policy: DQNPolicy) -> Iterator[str]:
        nets = (policy.q_net, policy.q_net_target)
        if self.q_net is not nets[0] or self.q_net_target is not nets[1]:
            yield "the model's networks are not its policy's"
        online, target = ({one.data_ptr() for one in net.parameters()} for net in nets)
        if online & target:
            yield "the two networks share parameters"
        for net in nets:
            if type(net) is not QNetwork or type(net.q_net) is not torch.nn.Sequential:
                yield f"a network is {type(net).__name__} of a {type(net.q_net).__name__}"
                return
            if type(net.features_extractor) is not FlattenExtractor:
                yield f"the features extractor is {type(net.features_extractor).__name__}"
        hidden, outputs = zip(*((list(net.q_net)[:-1], net.q_net[-1]) for net in nets), strict=True)
        yield from layer_reasons(policy, hidden, outputs, policy.activation_fn)

    def make_core(self) -> QCore:
        """A core for the model, which is covered."""
        return QCore(self)

    def _setup_learn(self, *args: Any, **kwargs: Any) -> tuple[int, BaseCallback]:
        self._checked = False  # much may have changed since the last call of `learn`
        return super()._setup_learn(*args, **kwargs)

    def collect_rollouts(self, *args: Any, **kwargs: Any) -> RolloutReturn:
        """As SB3's, acting by the core."""
        self._acting = self._core if self._checked else self.core()
        self._checked = False
        try:
            return super().collect_rollouts(*args, **kwargs)
        finally:
            self._acting = None

    def predict(
        self,
        observation: NDArray[Any] | dict[str, NDArray[Any]],
        state: tuple[NDArray[Any], ...] | None = None,
        episode_start: NDArray[Any] | None = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[Any], tuple[NDArray[Any], ...] | None]:
        """The actions (n,) for observations (n, …), with exploration unless `deterministic`; faster in a rollout."""
        shape = self.observation_space.shape
        if self._acting is None or not isinstance(observation, np.ndarray) or observation.shape[1:] != shape:
            return super().predict(observation, state, episode_start, deterministic)
        if not deterministic and np.random.rand() < self.exploration_rate:
            return np.array([self.action_space.sample() for _ in observation]), state
        return self._acting.best_actions(observation), state

    def train(self, gradient_steps: int, batch_size: int = 100) -> None:
        """Takes gradient steps, and logs the same values as SB3."""
        core = self.core()
        self._checked = True
        if core is None:
            super().train(gradient_steps, batch_size)
            return
        assert self.replay_buffer is not None  # noqa: S101 - it is covered
        self.policy.set_training_mode(True)
        self._update_learning_rate(self.policy.optimizer)
        normalizer = self._vec_normalize_env
        losses = core.update(self.replay_buffer, normalizer, gradient_steps, batch_size, self.gamma, self.max_grad_norm)
        self._n_updates += gradient_steps
        self.logger.record("train/n_updates", self._n_updates, exclude="tensorboard")
        self.logger.record("train/loss", np.mean(losses))
