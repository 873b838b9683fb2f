"""Fused DQN against Stable-Baselines3's: the same results up to rounding, the same files, and what it leaves to SB3."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cloudpickle
import gymnasium as gym
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from stable_baselines3 import DQN, HerReplayBuffer
from stable_baselines3.common.buffers import ReplayBuffer
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize
from stable_baselines3.dqn.policies import DQNPolicy, QNetwork
from training.learners import furthest

from tuner.training.fused.q_learning import QCore
from tuner.training.fused.update import FlatAdam
from tuner.training.fused_dqn import FusedDQN

SMALL = {"learning_starts": 40, "batch_size": 16, "buffer_size": 500, "learning_rate": 3e-3}
STEPS = 300


class Matrices(gym.Env[NDArray[np.float64], np.int64]):
    """Observations are matrices in double precision, so large that scaling shows."""

    observation_space: Any = gym.spaces.Box(-50.0, 50.0, (3, 2), np.float64)
    action_space = gym.spaces.Discrete(5)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed, options=options)
        self.left = 7
        return self._seen(), {}

    def step(self, action: np.int64) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.left -= 1
        seen = self._seen()
        return seen, float(seen[0, 0] * action), bool(seen[1, 1] > 45), self.left == 0, {}

    def _seen(self) -> NDArray[np.float64]:
        return self.np_random.uniform(-50.0, 50.0, (3, 2))


class SingleMatrices(Matrices):
    """As these, in single precision."""

    observation_space = gym.spaces.Box(-50.0, 50.0, (3, 2), np.float32)

    def _seen(self) -> NDArray[Any]:
        return super()._seen().astype(np.float32)


class Losses(BaseCallback):
    """The loss logged last before every rollout."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[float] = []

    def _on_rollout_start(self) -> None:
        if "train/loss" in self.logger.name_to_value:
            self.seen.append(float(self.logger.name_to_value["train/loss"]))

    def _on_step(self) -> bool:
        return True


def learned(
    kind: type[DQN], env: Any = "CartPole-v1", *, n_envs: int = 1, scaled: bool = False, **changes: Any
) -> tuple[DQN, list[float]]:
    """A model after some steps, and its losses."""
    make = (lambda: Monitor(gym.make(env))) if isinstance(env, str) else (lambda: Monitor(env()))
    venv: Any = DummyVecEnv([make] * n_envs)
    model = kind("MlpPolicy", VecNormalize(venv) if scaled else venv, seed=3, device="cpu", **{**SMALL, **changes})
    losses = Losses()
    model.learn(STEPS, callback=losses)
    return model, losses.seen


NETS = {"activation_fn": torch.nn.Tanh, "net_arch": [24, 16, 8]}
CASES = [
    pytest.param({}, id="as it comes"),
    pytest.param({"env": Matrices}, id="matrices in double precision"),
    pytest.param({"env": SingleMatrices}, id="matrices in single precision"),
    pytest.param({"env": Matrices, "scaled": True, "gamma": 0.9}, id="scaled"),
    pytest.param({"n_envs": 3, "train_freq": 2, "gradient_steps": -1}, id="three environments"),
    pytest.param({"policy_kwargs": NETS, "target_update_interval": 8, "tau": 0.3}, id="tanh, a soft target"),
    pytest.param({"policy_kwargs": {"net_arch": []}, "max_grad_norm": 0.1}, id="no hidden layer, clipped"),
    pytest.param({"learning_rate": lambda left: 1e-3 * left, "buffer_size": 60}, id="schedule, a full buffer"),
    pytest.param({"train_freq": (1, "episode"), "gradient_steps": 5}, id="by episodes"),
    pytest.param({"exploration_fraction": 0.9, "exploration_final_eps": 0.4}, id="much exploration"),
]


@pytest.mark.parametrize("changes", CASES)
def test_it_learns_what_sb3_learns(changes: dict[str, Any]) -> None:
    ours, our_losses = learned(FusedDQN, **changes)
    theirs, their_losses = learned(DQN, **changes)
    assert isinstance(ours, FusedDQN)
    assert ours.stepped_aside is None
    assert ours._n_updates == theirs._n_updates > 0
    assert furthest(ours, theirs) <= 1e-5
    assert len(our_losses) > 0
    assert our_losses == pytest.approx(their_losses, rel=1e-3, abs=1e-6)
    mine, yours = ours.replay_buffer, theirs.replay_buffer
    assert mine is not None
    assert yours is not None
    np.testing.assert_array_equal(mine.actions, yours.actions)
    np.testing.assert_array_equal(mine.rewards, yours.rewards)


def test_one_gradient_step_gives_sb3s_parameters() -> None:
    def stepped(kind: type[DQN]) -> DQN:
        model, _ = learned(kind, learning_starts=STEPS)
        np.random.seed(5)
        model.train(1, 32)
        return model

    assert furthest(stepped(FusedDQN), learned(DQN, learning_starts=STEPS)[0]) > 0.0
    assert furthest(stepped(FusedDQN), stepped(DQN)) <= 1e-7


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


@pytest.mark.parametrize("env", ["CartPole-v1", Matrices])
@pytest.mark.parametrize("rows", [1, 3, 40])
def test_its_best_actions_are_those_of_predict(env: Any, rows: int) -> None:
    model, _ = learned(FusedDQN, env)
    assert isinstance(model, FusedDQN)
    observations = np.stack([model.observation_space.sample() for _ in range(rows)])
    expected = model.predict(observations, deterministic=True)[0]
    found = model.best_actor()(observations)
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(("first", "second"), [(FusedDQN, DQN), (DQN, FusedDQN), (FusedDQN, FusedDQN)])
def test_training_goes_on_from_a_file_of_either_class(first: type[DQN], second: type[DQN], tmp_path: Path) -> None:
    def halves(kinds: tuple[type[DQN], type[DQN]]) -> DQN:
        model, _ = learned(kinds[0])
        model.save(tmp_path / "half")
        model.save_replay_buffer(tmp_path / "replay")
        again = kinds[1].load(tmp_path / "half", env=DummyVecEnv([lambda: gym.make("CartPole-v1")]), device="cpu")
        assert type(again) is kinds[1]
        again.load_replay_buffer(tmp_path / "replay")
        again.set_random_seed(5)
        return again.learn(STEPS)

    assert furthest(halves((first, second)), halves((DQN, DQN))) <= 1e-5


def test_a_copy_learns_as_its_original_and_for_itself() -> None:
    original, _ = learned(FusedDQN)
    other = copy.deepcopy(original)
    before = {name: value.clone() for name, value in other.policy.state_dict().items()}
    for model in (original, other):
        np.random.seed(4)
        model.train(3, 16)
        if model is original:
            assert all(torch.equal(value, before[name]) for name, value in other.policy.state_dict().items())
    assert furthest(original, other) == 0.0


def some(model: DQN, count: int) -> NDArray[Any]:
    """The same observations for every model of an environment."""
    space = model.observation_space
    values = np.random.default_rng(0).uniform(-1.0, 1.0, (count, *(space.shape or ())))
    return values.astype(space.dtype)


class Acts(BaseCallback):
    """Asks the model for actions, and copies it, in the middle of a rollout."""

    def __init__(self, observations: NDArray[Any], way: Callable[[Any], Any]) -> None:
        super().__init__()
        self._seen, self._way = observations, way
        self.found: list[Any] = []
        self.copy: Any = None

    def _on_step(self) -> bool:
        if self.n_calls == STEPS // 2:
            self.found = [self.model.predict(one, deterministic=True)[0] for one in (self._seen, self._seen[0])]
            with pytest.raises(ValueError, match="shape"):
                self.model.predict(self._seen[:, :1], deterministic=True)
            self.copy = self._way(self.model)
        return True


@pytest.mark.parametrize("way", [copy.deepcopy, lambda model: cloudpickle.loads(cloudpickle.dumps(model))])
@pytest.mark.parametrize("env", ["CartPole-v1", Matrices, SingleMatrices])
def test_within_a_rollout_it_answers_and_is_copied_as_without(env: Any, way: Callable[[Any], Any]) -> None:
    def asked(kind: type[DQN]) -> Acts:
        model, _ = learned(kind, env, learning_starts=STEPS)
        callback = Acts(some(model, 3), way)
        model.learn(STEPS, callback=callback)
        return callback

    ours, theirs = asked(FusedDQN), asked(DQN)
    for mine, yours in zip(ours.found, theirs.found, strict=True):
        np.testing.assert_array_equal(mine, yours)
    state = {name: torch.randn_like(value) for name, value in ours.copy.policy.state_dict().items()}
    for callback in (ours, theirs):
        callback.copy.policy.load_state_dict(state)
    observations = some(ours.copy, 9)
    answers = [one.copy.predict(observations, deterministic=True)[0] for one in (ours, theirs)]
    np.testing.assert_array_equal(*answers)


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


def test_a_saved_model_holds_nothing_of_its_own(tmp_path: Path) -> None:
    model, _ = learned(FusedDQN)
    model.save(tmp_path / "model")
    plain = DQN.load(tmp_path / "model", device="cpu")
    assert vars(plain).keys() <= vars(DQN("MlpPolicy", "CartPole-v1", device="cpu")).keys()


def test_a_callback_that_ends_training_ends_it_at_once() -> None:
    class Stop(BaseCallback):
        def _on_step(self) -> bool:
            return self.n_calls < 50

    model = FusedDQN("MlpPolicy", "CartPole-v1", device="cpu", **SMALL)  # type: ignore[arg-type]
    model.learn(STEPS, callback=Stop())
    assert model.num_timesteps == 50


@pytest.mark.parametrize("env", ["CartPole-v1", Matrices, SingleMatrices])
def test_it_is_the_core_that_learns_and_acts(env: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = []
    step = FlatAdam.step

    def seen(self: FlatAdam, norm: float) -> None:
        taken.append(norm)
        step(self, norm)

    acted = []
    best = QCore.best_actions

    def acts(self: QCore, observations: NDArray[Any]) -> NDArray[Any]:
        acted.append(len(observations))
        return best(self, observations)

    monkeypatch.setattr(FlatAdam, "step", seen)
    monkeypatch.setattr(QCore, "best_actions", acts)
    model, _ = learned(FusedDQN, env, max_grad_norm=7.0, exploration_fraction=0.01, exploration_final_eps=0.0)
    assert taken == [7.0] * model._n_updates
    assert acted == [1] * (STEPS - SMALL["learning_starts"])  # type: ignore[operator]
