"""Fused PPO against Stable-Baselines3's: the same results up to rounding, the same files, the same hooks."""

from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv, SubprocVecEnv, VecNormalize
from training.learners import furthest, trained

from tuner.records import EnvironmentRef
from tuner.training.environments import make_vec_env
from tuner.training.fused_ppo import FusedPPO

ARM = "roarm_envs:RoArmReach-v0"
WITH_RELU = {"activation_fn": torch.nn.ReLU, "net_arch": {"pi": [32], "vf": [48, 16]}}

pytestmark = pytest.mark.filterwarnings("ignore:You have specified a mini-batch size")


CASES = [
    pytest.param("Pendulum-v1", {"n_steps": 256, "batch_size": 64, "n_envs": 1}, id="pendulum"),
    pytest.param("Pendulum-v1", {"n_steps": 128, "batch_size": 50, "n_envs": 4}, id="pendulum, four, not dividing"),
    pytest.param("CartPole-v1", {"n_steps": 256, "batch_size": 64, "n_envs": 1}, id="cartpole"),
    pytest.param("CartPole-v1", {"n_steps": 64, "batch_size": 48, "n_envs": 4}, id="cartpole, four, not dividing"),
    pytest.param(ARM, {"n_steps": 256, "batch_size": 64, "n_envs": 1}, id="arm"),
    pytest.param(ARM, {"n_steps": 128, "batch_size": 100, "n_envs": 4}, id="arm, four, not dividing"),
    pytest.param("Pendulum-v1", {"n_steps": 128, "batch_size": 32, "policy_kwargs": WITH_RELU}, id="relu, unlike nets"),
    pytest.param("tuner_toys:ToyMatrix-v0", {"n_steps": 128, "batch_size": 32}, id="matrices in double precision"),
    pytest.param(
        "CartPole-v1",
        {"n_steps": 128, "batch_size": 32, "learning_rate": 0.03, "policy_kwargs": {"net_arch": []}},
        id="no hidden layer",
    ),
    pytest.param(
        "Pendulum-v1",
        {"n_steps": 128, "batch_size": 32, "clip_range_vf": 0.2, "normalize_advantage": False},
        id="values clipped, advantages as they are",
    ),
    pytest.param(
        "CartPole-v1", {"n_steps": 128, "batch_size": 32, "target_kl": 0.002, "ent_coef": 0.05}, id="KL limit"
    ),
    pytest.param(
        "Pendulum-v1",
        {
            "n_steps": 128,
            "batch_size": 32,
            "learning_rate": lambda left: 1e-3 + 3e-3 * left,
            "clip_range": lambda left: 0.1 + 0.1 * left,
            "ent_coef": 0.01,
            "vf_coef": 0.2,
            "max_grad_norm": 0.3,
        },
        id="schedules and coefficients",
    ),
]


@pytest.mark.parametrize(("env", "arguments"), CASES)
def test_one_update_gives_sb3s_parameters(env: str, arguments: dict[str, Any]) -> None:
    ours, _ = trained(FusedPPO, env, 1, **arguments)
    theirs, _ = trained(PPO, env, 1, **arguments)
    assert isinstance(ours, FusedPPO)
    assert ours.stepped_aside is None
    assert furthest(ours, theirs) <= 1e-6


@pytest.mark.parametrize(("env", "arguments"), CASES)
def test_three_updates_log_what_sb3_logs(env: str, arguments: dict[str, Any]) -> None:
    ours, our_record = trained(FusedPPO, env, 3, **arguments)
    theirs, their_record = trained(PPO, env, 3, **arguments)
    assert len(our_record.updates) == 3
    for one, other in zip(our_record.updates, their_record.updates, strict=True):
        assert one.keys() == other.keys()
        for name in ("approx_kl", "clip_fraction", "value_loss"):
            assert one[f"train/{name}"] == pytest.approx(other[f"train/{name}"], rel=1e-4), name
        assert {name: one[name] for name in ("train/n_updates", "train/clip_range")} == {
            name: other[name] for name in ("train/n_updates", "train/clip_range")
        }
    returns = [[episode["r"] for episode in model.ep_info_buffer or []] for model in (ours, theirs)]
    assert returns[0] == pytest.approx(returns[1], rel=1e-4)


def test_a_callback_sees_the_same_steps() -> None:
    arguments: dict[str, Any] = {"n_steps": 64, "batch_size": 32, "n_envs": 2}
    _, ours = trained(FusedPPO, "Pendulum-v1", 1, **arguments)
    _, theirs = trained(PPO, "Pendulum-v1", 1, **arguments)
    assert ours.ends == theirs.ends == 1
    assert len(ours.steps) == 64
    for one, other in zip(ours.steps, theirs.steps, strict=True):
        for mine, yours in zip(one, other, strict=True):
            assert mine.dtype == yours.dtype
            np.testing.assert_allclose(mine, yours, rtol=1e-5, atol=1e-5)


def buffers(kind: type[PPO], env: str) -> RolloutBuffer:
    model, _ = trained(kind, env, 1, n_steps=256, batch_size=64)
    return model.rollout_buffer


@pytest.mark.parametrize("env", ["Pendulum-v1", "CartPole-v1"])
def test_the_rollout_buffer_is_left_as_sb3_leaves_it(env: str) -> None:
    ours, theirs = buffers(FusedPPO, env), buffers(PPO, env)
    assert (ours.full, ours.pos, ours.generator_ready) == (theirs.full, theirs.pos, theirs.generator_ready)
    for name in (
        "observations",
        "actions",
        "rewards",
        "episode_starts",
        "values",
        "log_probs",
        "advantages",
        "returns",
    ):
        mine, yours = getattr(ours, name), getattr(theirs, name)
        assert (mine.shape, mine.dtype) == (yours.shape, yours.dtype), name
        np.testing.assert_allclose(mine, yours, rtol=1e-4, atol=1e-4, err_msg=name)


def test_a_rollout_that_a_callback_stops_ends_at_once() -> None:
    class Stop(BaseCallback):
        def _on_step(self) -> bool:
            return self.n_calls < 5

    model = FusedPPO("MlpPolicy", "Pendulum-v1", n_steps=64, seed=0, device="cpu")
    model.learn(640, callback=Stop())
    assert model.num_timesteps == 5


def test_torchs_parameters_view_the_flat_array() -> None:
    model, _ = trained(FusedPPO, "Pendulum-v1", 1, n_steps=64, batch_size=32)
    observation = model.observation_space.sample()
    before = model.predict(observation, deterministic=True)[0]
    model.policy.load_state_dict(_zeros(model))
    assert model.predict(observation, deterministic=True)[0] == pytest.approx(0.0 * before)
    assert model.best_actor()(observation[None])[0] == pytest.approx(0.0 * before)  # type: ignore[attr-defined]


def _zeros(model: PPO) -> dict[str, torch.Tensor]:
    return {name: torch.zeros_like(value) for name, value in model.policy.state_dict().items()}


def test_a_parameter_moved_to_other_memory_is_copied_back() -> None:
    def moved(kind: type[PPO]) -> PPO:
        model = kind("MlpPolicy", "Pendulum-v1", n_steps=64, batch_size=32, seed=1, device="cpu")
        next(model.policy.action_net.parameters()).data = torch.full((1, 64), 0.01)
        return model.learn(64)

    assert furthest(moved(FusedPPO), moved(PPO)) <= 1e-6


@pytest.mark.parametrize("env", ["Pendulum-v1", "CartPole-v1", ARM])
def test_the_actors_actions_are_those_of_predict(env: str) -> None:
    model, _ = trained(FusedPPO, env, 1, n_steps=64, batch_size=32)
    observations = np.stack([model.observation_space.sample() for _ in range(9)])
    expected = model.predict(observations, deterministic=True)[0]
    found = model.best_actor()(observations)  # type: ignore[attr-defined]
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("env", ["Pendulum-v1", "CartPole-v1", ARM])
def test_a_saved_model_is_a_plain_sb3_model(env: str, tmp_path: Path) -> None:
    model, _ = trained(FusedPPO, env, 2, n_steps=64, batch_size=32)
    model.save(tmp_path / "model")
    plain = PPO.load(tmp_path / "model", device="cpu")
    assert type(plain) is PPO
    assert furthest(model, plain) == 0.0
    observations = np.stack([model.observation_space.sample() for _ in range(9)])
    expected = model.predict(observations, deterministic=True)[0]
    np.testing.assert_array_equal(plain.predict(observations, deterministic=True)[0], expected)


@pytest.mark.parametrize(("first", "second"), [(FusedPPO, PPO), (PPO, FusedPPO), (FusedPPO, FusedPPO)])
def test_training_resumes_from_a_file_of_either_class(first: type[PPO], second: type[PPO], tmp_path: Path) -> None:
    def halves(kinds: tuple[type[PPO], type[PPO]]) -> PPO:
        model, _ = trained(kinds[0], "Pendulum-v1", 1, n_steps=64, batch_size=32)
        model.save(tmp_path / "half")
        env = DummyVecEnv([lambda: Monitor(gym.make("Pendulum-v1"))])
        again = kinds[1].load(tmp_path / "half", env=env, device="cpu")
        again.set_random_seed(5)
        again.learn(64)
        env.close()
        return again

    assert furthest(halves((first, second)), halves((PPO, PPO))) <= 1e-6


def test_the_optimizers_state_is_torchs() -> None:
    ours, _ = trained(FusedPPO, "Pendulum-v1", 1, n_steps=64, batch_size=32)
    theirs, _ = trained(PPO, "Pendulum-v1", 1, n_steps=64, batch_size=32)
    one, other = ours.policy.optimizer.state_dict()["state"], theirs.policy.optimizer.state_dict()["state"]
    assert one.keys() == other.keys()
    for index in one:
        assert one[index]["step"] == other[index]["step"] == 20
        for name in ("exp_avg", "exp_avg_sq"):
            torch.testing.assert_close(one[index][name], other[index][name], rtol=1e-3, atol=1e-5)


def normalised(kind: type[PPO]) -> PPO:
    venv = VecNormalize(DummyVecEnv([lambda: Monitor(gym.make("Pendulum-v1"))] * 2), gamma=0.9)
    return trained(kind, venv, 1, n_steps=64, batch_size=32, gamma=0.9)[0]


def test_it_works_under_vec_normalize() -> None:
    assert furthest(normalised(FusedPPO), normalised(PPO)) <= 1e-6


@pytest.mark.slow
def test_it_works_over_subprocesses() -> None:
    def over(kind: type[PPO]) -> PPO:
        venv = SubprocVecEnv([lambda: Monitor(gym.make("Pendulum-v1"))] * 2, start_method="spawn")
        return trained(kind, venv, 1, n_steps=64, batch_size=32)[0]

    assert furthest(over(FusedPPO), over(PPO)) <= 1e-6


def test_it_works_over_the_arms_own_vector_environment() -> None:
    def over(kind: type[PPO]) -> PPO:
        venv = make_vec_env(EnvironmentRef(id=ARM, n_envs=3))
        return trained(kind, venv, 1, n_steps=64, batch_size=32)[0]

    assert furthest(over(FusedPPO), over(PPO)) <= 1e-6
