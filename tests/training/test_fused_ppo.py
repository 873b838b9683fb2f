"""Fused PPO beside Stable-Baselines3's: the same digits, the same files, the same hooks."""

import copy
import logging
from collections.abc import Callable
from pathlib import Path
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
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.vec_env import DummyVecEnv, SubprocVecEnv, VecEnv, VecEnvWrapper, VecNormalize

from tuner.records import EnvironmentRef
from tuner.training.environments import make_vec_env
from tuner.training.fused.adam import FlatAdam
from tuner.training.fused_ppo import FusedPPO

ARM = "roarm_envs:RoArmReach-v0"
WITH_RELU = {"activation_fn": torch.nn.ReLU, "net_arch": {"pi": [32], "vf": [48, 16]}}

pytestmark = pytest.mark.filterwarnings("ignore:You have specified a mini-batch size")


class Record(BaseCallback):
    """Keeps what is logged of every update, and a fingerprint of every step."""

    def __init__(self) -> None:
        super().__init__()
        self.updates: list[dict[str, Any]] = []
        self.steps: list[tuple[Any, ...]] = []
        self.ends = 0

    def _on_rollout_start(self) -> None:
        if self.num_timesteps:
            self.updates.append(dict(self.logger.name_to_value))

    def _on_training_end(self) -> None:
        self._on_rollout_start()

    def _on_step(self) -> bool:
        names = ("actions", "clipped_actions", "new_obs", "rewards", "dones")
        self.steps.append(tuple(np.array(self.locals[name]) for name in names))
        return True

    def _on_rollout_end(self) -> None:
        self.ends += 1


def trained(
    kind: type[PPO], env: str | VecEnv, updates: int, *, n_envs: int = 1, **arguments: Any
) -> tuple[PPO, Record]:
    """A model after some updates, with what a callback saw."""
    venv = DummyVecEnv([lambda: Monitor(gym.make(env))] * n_envs) if isinstance(env, str) else env
    model = kind("MlpPolicy", venv, seed=3, device="cpu", **arguments)
    record = Record()
    model.learn(updates * arguments["n_steps"] * venv.num_envs, callback=record)
    venv.close()
    return model, record


def furthest(one: PPO, other: PPO) -> float:
    """The greatest absolute difference between two models' parameters."""
    ours, theirs = one.policy.state_dict(), other.policy.state_dict()
    assert ours.keys() == theirs.keys()
    return max(float((ours[name] - theirs[name]).abs().max()) for name in ours)


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
    arguments = {"n_steps": 64, "batch_size": 32, "n_envs": 2}
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
    assert model.actor()(observation[None])[0] == pytest.approx(0.0 * before)  # type: ignore[attr-defined]


def _zeros(model: PPO) -> dict[str, torch.Tensor]:
    return {name: torch.zeros_like(value) for name, value in model.policy.state_dict().items()}


def test_a_parameter_given_other_memory_is_taken_up_again() -> None:
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
    found = model.actor()(observations)  # type: ignore[attr-defined]
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
def test_training_goes_on_from_a_file_of_either_class(first: type[PPO], second: type[PPO], tmp_path: Path) -> None:
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


class OtherPolicy(ActorCriticPolicy):
    """Might do anything."""


class Images(gym.Env[NDArray[np.uint8], int]):
    observation_space = gym.spaces.Box(0, 255, (36, 36, 3), np.uint8)
    action_space = gym.spaces.Discrete(2)  # type: ignore[assignment]


class Numbers(gym.Env[Any, int]):
    observation_space = gym.spaces.Discrete(3)
    action_space = gym.spaces.Discrete(2)  # type: ignore[assignment]


class OtherBuffer(RolloutBuffer):
    """Might do anything."""


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
    with caplog.at_level(logging.DEBUG, logger="tuner.training.fused_ppo"):
        model = FusedPPO(**arguments)
    assert model.stepped_aside is not None
    assert reason in model.stepped_aside
    assert model.stepped_aside in caplog.text


def test_stepping_aside_is_sb3_bit_by_bit() -> None:
    arguments = {"n_steps": 32, "batch_size": 16, "policy_kwargs": {"activation_fn": torch.nn.ELU}}
    ours, _ = trained(FusedPPO, "Pendulum-v1", 2, **arguments)  # type: ignore[arg-type]
    theirs, _ = trained(PPO, "Pendulum-v1", 2, **arguments)  # type: ignore[arg-type]
    assert furthest(ours, theirs) == 0.0
    observations = np.stack([ours.observation_space.sample() for _ in range(3)])
    expected = theirs.predict(observations, deterministic=True)[0]
    np.testing.assert_array_equal(ours.actor()(observations), expected)  # type: ignore[attr-defined]


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


def test_early_stopping_says_so_when_it_is_to_talk(capsys: pytest.CaptureFixture[str]) -> None:
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
    np.testing.assert_allclose(ours.actor()(observation), expected, atol=1e-6)


class Reader(BaseCallback):
    """Goes through the rollout buffer before the update does."""

    def _on_step(self) -> bool:
        return True

    def _on_rollout_end(self) -> None:
        buffer: RolloutBuffer = self.locals["rollout_buffer"]
        self.seen = sum(batch.observations.shape[0] for batch in buffer.get(32))


def test_a_buffer_that_a_callback_has_read_is_learnt_from_all_the_same() -> None:
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
    """Hands out one array for every last observation."""

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
