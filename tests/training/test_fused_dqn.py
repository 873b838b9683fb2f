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
from stable_baselines3 import DQN
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import DummyVecEnv
from training.dqn_learners import SMALL, STEPS, Matrices, SingleMatrices, learned, some
from training.learners import furthest

from tuner.training.fused.q_learning import QCore
from tuner.training.fused.update import FlatAdam
from tuner.training.fused_dqn import FusedDQN

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
