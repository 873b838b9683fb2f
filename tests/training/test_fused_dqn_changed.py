"""Fused DQN with models that it does not cover, or no longer."""

import copy
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from stable_baselines3 import DQN, HerReplayBuffer
from stable_baselines3.common.buffers import ReplayBuffer
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import DummyVecEnv
from stable_baselines3.dqn.policies import DQNPolicy, QNetwork
from training.dqn_learners import SMALL, STEPS, learned, some
from training.learners import furthest

from tuner.training.fused_dqn import FusedDQN


class OtherPolicy(DQNPolicy):
    """A policy class unknown to fused DQN."""


class OtherBuffer(ReplayBuffer):
    """A buffer class unknown to fused DQN."""


class Pictures(gym.Env[NDArray[np.uint8], np.int64]):
    observation_space = gym.spaces.Box(0, 255, (36, 36, 3), np.uint8)
    action_space = gym.spaces.Discrete(2)


class Numbers(gym.Env[Any, np.int64]):
    observation_space = gym.spaces.Discrete(3)
    action_space = gym.spaces.Discrete(2)


class Goals(gym.Env[Any, np.int64]):
    observation_space = gym.spaces.Dict(
        {name: gym.spaces.Box(-1, 1, (2,)) for name in ("observation", "achieved_goal", "desired_goal")}
    )
    action_space = gym.spaces.Discrete(2)


SAVING = {"optimize_memory_usage": True, "replay_buffer_kwargs": {"handle_timeout_termination": False}}
ASIDE = [
    pytest.param({"policy": OtherPolicy}, "OtherPolicy", id="policy"),
    pytest.param({"env": Pictures}, "images", id="pictures"),
    pytest.param({"env": Numbers}, "Discrete, not Box", id="observations"),
    pytest.param({"device": "meta"}, "device", id="device"),
    pytest.param({"replay_buffer_class": OtherBuffer}, "OtherBuffer", id="buffer"),
    pytest.param({"n_steps": 3}, "NStepReplayBuffer", id="returns of several steps"),
    pytest.param(SAVING, "saves memory", id="a buffer that saves memory"),
    pytest.param(
        {"env": Goals, "policy": "MultiInputPolicy", "replay_buffer_class": HerReplayBuffer}, "Multi", id="hindsight"
    ),
    pytest.param({"policy_kwargs": {"activation_fn": torch.nn.ELU}}, "ELU", id="activation"),
    pytest.param({"policy_kwargs": {"optimizer_class": torch.optim.RMSprop}}, "RMSprop", id="optimizer"),
    pytest.param({"policy_kwargs": {"optimizer_kwargs": {"amsgrad": True}}}, "amsgrad", id="amsgrad"),
]


@pytest.mark.parametrize(("changes", "reason"), ASIDE)
def test_what_it_does_not_cover_is_left_to_sb3_with_a_word(changes: dict[str, Any], reason: str) -> None:
    arguments = {"policy": "MlpPolicy", "env": "CartPole-v1", "device": "cpu", "buffer_size": 10, **changes}
    if not isinstance(arguments["env"], str):
        arguments["env"] = DummyVecEnv([arguments["env"]])
    model = FusedDQN(**arguments)
    assert model.stepped_aside is not None
    assert reason in model.stepped_aside


@pytest.mark.parametrize("changes", [{"n_steps": 3}, {"policy_kwargs": {"activation_fn": torch.nn.ELU}}])
def test_the_fallback_is_sb3_bit_for_bit(changes: dict[str, Any]) -> None:
    ours, theirs = learned(FusedDQN, **changes)[0], learned(DQN, **changes)[0]
    assert furthest(ours, theirs) == 0.0


def another_target(model: DQN) -> None:
    model.policy.q_net_target = copy.deepcopy(model.policy.q_net)
    model._create_aliases()


def another_net(model: DQN) -> None:
    torch.manual_seed(9)
    model.policy.q_net = model.policy.make_q_net()
    model._create_aliases()


def another_net_and_optimizer(model: DQN) -> None:
    another_net(model)
    model.policy.optimizer = torch.optim.Adam(model.policy.q_net.parameters(), lr=0.1)


def another_policy(model: DQN) -> None:
    model.policy = DQN("MlpPolicy", "CartPole-v1", seed=8, device="cpu").policy


def another_policy_and_names(model: DQN) -> None:
    another_policy(model)
    model._create_aliases()


def one_net(model: DQN) -> None:
    model.policy.q_net_target = model.policy.q_net
    model._create_aliases()


class Doubled(QNetwork):
    """Another network of the same layers."""

    def forward(self, obs: Any) -> torch.Tensor:
        return super().forward(obs) * torch.tensor([2.0, -1.0])


def another_class(model: DQN) -> None:
    model.policy.q_net.__class__ = Doubled


def no_bias(model: DQN) -> None:
    model.policy.q_net.q_net[0] = torch.nn.Linear(4, 64, bias=False)


def assigned(model: DQN) -> None:
    model.policy.q_net_target.load_state_dict(model.policy.q_net.state_dict(), assign=True)


def another_optimizer(model: DQN) -> None:
    model.policy.optimizer = torch.optim.SGD(model.policy.q_net.parameters(), lr=0.1)


def hooked(model: DQN) -> None:
    model.policy.q_net.q_net[0].register_forward_hook(lambda _module, _inputs, output: output * 0.5)


CHANGES = [
    (another_target, True),
    (another_net, False),  # whose parameters the optimizer does not know
    (another_net_and_optimizer, True),
    (another_policy, False),  # of which the model's own names know nothing
    (another_policy_and_names, True),
    (one_net, False),
    (another_class, False),
    (no_bias, False),
    (assigned, False),
    (another_optimizer, False),
    (hooked, False),
]


@pytest.mark.parametrize(("change", "covered"), CHANGES, ids=lambda value: getattr(value, "__name__", None))
@pytest.mark.parametrize("learnt", [False, True], ids=["fresh", "learnt"])
def test_what_is_changed_in_a_model_is_heeded(change: Callable[[DQN], None], covered: bool, learnt: bool) -> None:
    def changed(kind: type[DQN]) -> DQN:
        model = kind("MlpPolicy", "CartPole-v1", seed=3, device="cpu", **SMALL)  # type: ignore[arg-type]
        if learnt:
            model.learn(100)
        change(model)
        model.set_random_seed(4)
        return model.learn(100)

    ours, theirs = changed(FusedDQN), changed(DQN)
    assert isinstance(ours, FusedDQN)
    assert (ours.stepped_aside is None) is covered
    assert furthest(ours, theirs) <= 1e-5
    mine, yours = ours.replay_buffer, theirs.replay_buffer
    assert mine is not None
    assert yours is not None
    np.testing.assert_array_equal(mine.actions, yours.actions)
    observations = some(ours, 9)
    np.testing.assert_array_equal(ours.best_actor()(observations), theirs.predict(observations, deterministic=True)[0])


class Swap(BaseCallback):
    """Replaces the target network in the middle."""

    def _on_step(self) -> bool:
        if self.n_calls == STEPS // 2:
            another_target(self.model)  # type: ignore[arg-type]
        return True


def test_a_target_that_a_callback_replaces_is_followed() -> None:
    def swapped(kind: type[DQN]) -> DQN:
        model = kind("MlpPolicy", "CartPole-v1", seed=3, device="cpu", **SMALL)  # type: ignore[arg-type]
        return model.learn(STEPS, callback=Swap())

    ours = swapped(FusedDQN)
    assert ours.stepped_aside is None  # type: ignore[attr-defined]
    assert furthest(ours, swapped(DQN)) <= 1e-5
