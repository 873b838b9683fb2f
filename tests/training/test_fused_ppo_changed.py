"""Fused PPO with models that it does not support, or no longer; copies, non-finite values, interruptions."""

import copy
import logging
from collections.abc import Callable
from typing import Any

import cloudpickle
import gymnasium as gym
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from stable_baselines3 import PPO
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.vec_env import DummyVecEnv, VecEnvWrapper
from training.learners import furthest, trained

from tuner.training.fused.update import FlatAdam
from tuner.training.fused_ppo import FusedPPO


class OtherPolicy(ActorCriticPolicy):
    """A policy class unknown to fused PPO."""


class Images(gym.Env[NDArray[np.uint8], int]):
    observation_space = gym.spaces.Box(0, 255, (36, 36, 3), np.uint8)
    action_space = gym.spaces.Discrete(2)  # type: ignore[assignment]


class Numbers(gym.Env[Any, int]):
    observation_space = gym.spaces.Discrete(3)
    action_space = gym.spaces.Discrete(2)  # type: ignore[assignment]


class OtherBuffer(RolloutBuffer):
    """A buffer class unknown to fused PPO."""


ASIDE = [
    pytest.param({"policy": OtherPolicy}, "OtherPolicy", id="policy"),
    pytest.param({"use_sde": True}, "gSDE", id="gSDE"),
    pytest.param({"env": Images}, "images", id="images"),
    pytest.param({"env": Numbers}, "Discrete, not Box", id="observations"),
    pytest.param({"env": lambda: gym.make("tuner_toys:ToyGrid-v0")}, "MultiDiscrete", id="actions"),
    pytest.param({"device": "meta"}, "device", id="device"),
    pytest.param({"rollout_buffer_class": OtherBuffer}, "OtherBuffer", id="buffer"),
    pytest.param({"policy_kwargs": {"activation_fn": torch.nn.ELU}}, "ELU", id="activation"),
    pytest.param({"policy_kwargs": {"optimizer_class": torch.optim.SGD}}, "SGD", id="optimizer"),
    pytest.param({"policy_kwargs": {"optimizer_kwargs": {"weight_decay": 0.1}}}, "weight_decay", id="weight decay"),
]


@pytest.mark.parametrize(("changes", "reason"), ASIDE)
@pytest.mark.filterwarnings("ignore:You are trying to run PPO on the GPU", "ignore:You are trying to run FusedPPO")
def test_what_it_does_not_cover_is_left_to_sb3_with_a_word(
    changes: dict[str, Any], reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    arguments = {
        "policy": "MlpPolicy",
        "env": "Pendulum-v1",
        "device": "cpu",
        "n_steps": 16,
        "batch_size": 8,
        **changes,
    }
    if callable(arguments["env"]):
        arguments["env"] = DummyVecEnv([arguments["env"]])
    with caplog.at_level(logging.DEBUG, logger="tuner.training.fused.fused_model"):
        model = FusedPPO(**arguments)
    assert model.stepped_aside is not None
    assert reason in model.stepped_aside
    assert model.stepped_aside in caplog.text


def test_the_fallback_is_sb3_bit_for_bit() -> None:
    arguments = {"n_steps": 32, "batch_size": 16, "policy_kwargs": {"activation_fn": torch.nn.ELU}}
    ours, _ = trained(FusedPPO, "Pendulum-v1", 2, **arguments)  # type: ignore[arg-type]
    theirs, _ = trained(PPO, "Pendulum-v1", 2, **arguments)  # type: ignore[arg-type]
    assert furthest(ours, theirs) == 0.0
    observations = np.stack([ours.observation_space.sample() for _ in range(3)])
    expected = theirs.predict(observations, deterministic=True)[0]
    np.testing.assert_array_equal(ours.best_actor()(observations), expected)  # type: ignore[attr-defined]


def test_parameters_that_are_not_finite_are_an_error_as_in_sb3() -> None:
    model = FusedPPO("MlpPolicy", "Pendulum-v1", n_steps=16, batch_size=8, device="cpu")
    with torch.no_grad():
        dict(model.policy.named_parameters())["action_net.bias"].fill_(float("nan"))
    with pytest.raises(ValueError, match="not finite"):
        model.learn(16)


def test_observations_that_are_not_finite_are_an_error_as_in_sb3() -> None:
    env = DummyVecEnv([lambda: gym.make("tuner_toys:ToyOwn-v0", fault="observation", disable_env_checker=True)])
    model = FusedPPO("MlpPolicy", env, n_steps=64, batch_size=8, device="cpu")
    with pytest.raises(ValueError, match="not finite"):
        model.learn(64)


def test_early_stopping_is_printed_when_verbose(capsys: pytest.CaptureFixture[str]) -> None:
    FusedPPO(
        "MlpPolicy",
        "CartPole-v1",
        n_steps=64,
        batch_size=8,
        target_kl=1e-6,
        learning_rate=1e-2,
        device="cpu",
        verbose=1,
    ).learn(64)
    assert "Early stopping at step" in capsys.readouterr().out


def copied(model: FusedPPO, way: str) -> FusedPPO:
    return copy.deepcopy(model) if way == "deepcopy" else cloudpickle.loads(cloudpickle.dumps(model))


@pytest.mark.parametrize("way", ["deepcopy", "cloudpickle"])
@pytest.mark.parametrize("updates", [0, 1])
def test_a_copy_learns_as_its_original(way: str, updates: int) -> None:
    original = FusedPPO("MlpPolicy", "Pendulum-v1", n_steps=64, batch_size=32, seed=2, device="cpu")
    original.learn(64 * updates)
    copy_of_it = copied(original, way)
    before = copied(original, way)
    for model in (original, copy_of_it):
        model.set_random_seed(4)
        model.learn(64)
    assert furthest(original, copy_of_it) == 0.0
    assert furthest(before, copy_of_it) > 1e-4


def frozen(model: PPO) -> None:
    next(model.policy.mlp_extractor.parameters()).requires_grad = False


def another_policy(model: PPO) -> None:
    torch.manual_seed(9)
    model.policy = PPO("MlpPolicy", "Pendulum-v1", device="cpu").policy


def another_layer(model: PPO) -> None:
    torch.manual_seed(9)
    model.policy.action_net = torch.nn.Linear(64, 1)


def another_activation(model: PPO) -> None:
    model.policy.mlp_extractor.policy_net[1] = torch.nn.ELU()


def assigned(model: PPO) -> None:
    torch.manual_seed(9)
    state = {name: torch.randn_like(value) * 0.1 for name, value in model.policy.state_dict().items()}
    model.policy.load_state_dict(state, assign=True)


def another_optimizer(model: PPO) -> None:
    model.policy.optimizer = torch.optim.SGD(model.policy.parameters(), lr=0.1)


def a_new_adam(model: PPO) -> None:
    model.policy.optimizer = torch.optim.Adam(model.policy.parameters(), lr=0.1, eps=1e-5)


def weight_decay(model: PPO) -> None:
    model.policy.optimizer.param_groups[0]["weight_decay"] = 0.5


def hooked(model: PPO) -> None:
    model.policy.action_net.register_forward_hook(lambda _module, _inputs, output: output * 0.5)


@pytest.mark.parametrize(
    ("change", "covered"),
    [
        (frozen, False),
        (another_policy, True),
        (another_layer, False),  # whose parameters the optimizer does not know
        (another_activation, False),
        (assigned, False),
        (another_optimizer, False),
        (a_new_adam, True),
        (weight_decay, False),
        (hooked, False),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
@pytest.mark.parametrize("learnt", [False, True], ids=["fresh", "learnt"])
def test_what_is_changed_in_a_model_is_heeded(change: Callable[[PPO], None], covered: bool, learnt: bool) -> None:
    def changed(kind: type[PPO]) -> PPO:
        model = kind("MlpPolicy", "Pendulum-v1", n_steps=64, batch_size=32, seed=2, device="cpu")
        if learnt:
            model.learn(64)
        change(model)
        model.set_random_seed(4)
        return model.learn(64)

    ours = changed(FusedPPO)
    assert furthest(ours, changed(PPO)) <= 2e-6
    assert isinstance(ours, FusedPPO)
    assert (ours.stepped_aside is None) is covered
    observation = ours.observation_space.sample()[None]
    expected = ours.predict(observation, deterministic=True)[0]
    np.testing.assert_allclose(ours.best_actor()(observation), expected, atol=1e-6)


class Reader(BaseCallback):
    """Reads the rollout buffer before the update."""

    def _on_step(self) -> bool:
        return True

    def _on_rollout_end(self) -> None:
        buffer: RolloutBuffer = self.locals["rollout_buffer"]
        self.seen = sum(batch.observations.shape[0] for batch in buffer.get(32))


def test_a_buffer_that_a_callback_has_read_is_still_learnt_from() -> None:
    def read(kind: type[PPO]) -> PPO:
        reader = Reader()
        model = kind("MlpPolicy", "Pendulum-v1", n_steps=64, batch_size=32, seed=2, device="cpu").learn(64, reader)
        assert reader.seen == 64
        model.train()
        return model

    assert furthest(read(FusedPPO), read(PPO)) <= 1e-6


def test_parameters_that_change_within_a_rollout_are_remarked_upon(caplog: pytest.LogCaptureFixture) -> None:
    class Meddling(BaseCallback):
        def _on_step(self) -> bool:
            with torch.no_grad():
                dict(self.model.policy.named_parameters())["log_std"].sub_(0.001)
            return True

    FusedPPO("MlpPolicy", "Pendulum-v1", n_steps=16, batch_size=8, device="cpu").learn(16, Meddling())
    assert "parameters changed within a rollout" in caplog.text


def test_an_update_that_is_interrupted_leaves_a_state_that_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    model = FusedPPO("MlpPolicy", "Pendulum-v1", n_steps=64, batch_size=32, n_epochs=1, device="cpu").learn(64)
    steps: list[int] = []

    def interrupted(self: FlatAdam, max_grad_norm: float) -> None:
        original(self, max_grad_norm)
        steps.append(1)
        raise KeyboardInterrupt

    original = FlatAdam.step
    monkeypatch.setattr(FlatAdam, "step", interrupted)
    with pytest.raises(KeyboardInterrupt):
        model.train()
    assert {float(state["step"]) for state in model.policy.optimizer.state.values()} == {2.0 + len(steps)}


class ReusingTerminals(VecEnvWrapper):
    """Reuses one array for every terminal observation."""

    def reset(self) -> Any:
        return self.venv.reset()

    def step_wait(self) -> Any:
        observations, rewards, dones, infos = self.venv.step_wait()
        for info in infos:
            if "terminal_observation" in info:
                if not hasattr(self, "_last"):
                    self._last = info["terminal_observation"].copy()
                self._last[:] = info["terminal_observation"]
                info["terminal_observation"] = self._last
        return observations, rewards, dones, infos


def test_last_observations_are_kept_though_their_array_is_reused() -> None:
    def over(kind: type[PPO]) -> PPO:
        venv = ReusingTerminals(DummyVecEnv([lambda: gym.make("tuner_toys:ToyLine-v0")] * 2))
        return trained(kind, venv, 1, n_steps=64, batch_size=32)[0]

    assert furthest(over(FusedPPO), over(PPO)) <= 1e-6
