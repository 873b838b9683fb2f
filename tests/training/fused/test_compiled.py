"""The compiled core against its NumPy reference, and where Numba, or a folder for what it compiles, is missing."""

import itertools
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from stable_baselines3 import DQN, PPO
from stable_baselines3.common.vec_env import DummyVecEnv
from training.learners import furthest, trained

from tuner.errors import EnvironmentFailed
from tuner.records import EnvironmentRef
from tuner.training import compiled
from tuner.training.compiled import COMPILES
from tuner.training.environments import VecGuard, make_vec_env
from tuner.training.fused.heads import GaussianHead
from tuner.training.fused.kernels import forward
from tuner.training.fused.quick_acting import FEW
from tuner.training.fused_dqn import FusedDQN
from tuner.training.fused_ppo import FusedPPO

ARM = "roarm_envs:RoArmReach-v0"
# of COMPILES
USERS = ("environments", "fused.fused_rollout", "fused.heads", "fused.network", "fused.quick_acting", "fused.update")

pytestmark = pytest.mark.skipif(not COMPILES, reason="Numba is not installed or compiles nothing")


@pytest.fixture
def by_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is compiled."""
    for name in USERS:
        monkeypatch.setattr(f"tuner.training.{name}.COMPILES", False)
    monkeypatch.setattr("roarm_envs.reach_steps.COMPILES", False)


@pytest.mark.usefixtures("by_numpy")
@pytest.mark.parametrize(
    ("env", "arguments"),
    [
        pytest.param(ARM, {"n_steps": 128, "batch_size": 64, "n_envs": 4}, id="arm"),
        pytest.param("Pendulum-v1", {"n_steps": 128, "batch_size": 32, "ent_coef": 0.01}, id="pendulum"),
        pytest.param("CartPole-v1", {"n_steps": 128, "batch_size": 32}, id="cartpole"),
    ],
)
def test_without_numba_it_is_sb3s_ppo_too(env: str, arguments: dict[str, Any]) -> None:
    ours, _ = trained(FusedPPO, env, 1, **arguments)
    theirs, _ = trained(PPO, env, 1, **arguments)
    assert furthest(ours, theirs) <= 1e-6


@pytest.mark.usefixtures("by_numpy")
def test_without_numba_it_is_sb3s_dqn_too() -> None:
    def learned(kind: type[DQN]) -> DQN:
        sizes: dict[str, Any] = {"learning_starts": 20, "batch_size": 16, "buffer_size": 200}
        return kind("MlpPolicy", "CartPole-v1", seed=3, device="cpu", **sizes).learn(150)

    assert furthest(learned(FusedDQN), learned(DQN)) <= 1e-5


def test_both_ways_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    called = []

    def seen(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            called.append(name)
            return function(*arguments)

        return call

    places = {
        "environments": ("tally",),
        "fused.fused_rollout": ("keep", "keep_results"),
        "fused.heads": ("act", "draw", "gaussian_gradient"),
        "fused.network": ("add_and_tanh", "through_tanh"),
        "fused.quick_acting": ("forward",),
        "fused.update": ("adam",),
    }
    for module, names in places.items():
        for name in names:
            place = f"tuner.training.{module}.{name}"
            monkeypatch.setattr(place, seen(name, getattr(sys.modules[f"tuner.training.{module}"], name)))
    env = make_vec_env(EnvironmentRef(id=ARM, n_envs=2))
    model = FusedPPO("MlpPolicy", env, n_steps=16, batch_size=8, n_epochs=1).learn(32)
    env.close()
    assert called.count("tally") == called.count("act") == 16
    model.best_actor()(env.observation_space.sample()[np.newaxis])
    many = DummyVecEnv([lambda: gym.make("Pendulum-v1")] * (FEW + 1))
    FusedPPO("MlpPolicy", many, n_steps=2, batch_size=17, n_epochs=1).learn(1)
    assert set(called) == {name for names in places.values() for name in names}


@pytest.mark.parametrize("n_envs", [1, 3])
@pytest.mark.parametrize(("env", "activation"), [("Pendulum-v1", torch.nn.Tanh), (ARM, torch.nn.ReLU)])
def test_acting_in_one_call_is_acting_in_three_bit_for_bit(
    env: str, activation: type[torch.nn.Module], n_envs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def model() -> PPO:
        net = {"activation_fn": activation, "log_std_init": 0.7}  # so that the bounds are reached
        return trained(FusedPPO, env, 2, n_steps=64, batch_size=32, n_envs=n_envs, policy_kwargs=net)[0]

    at_once = model()
    monkeypatch.setattr(GaussianHead, "acting", lambda *_: None)
    apart = model()
    assert furthest(at_once, apart) == 0.0
    for name in ("observations", "actions", "log_probs", "values"):
        np.testing.assert_array_equal(getattr(at_once.rollout_buffer, name), getattr(apart.rollout_buffer, name))


@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("widths", [(7, 2), (19, 64, 64, 5), (3, 130, 1)])
def test_a_forward_pass_is_torchs(widths: tuple[int, ...], relu: bool) -> None:
    torch.manual_seed(0)
    linears = [torch.nn.Linear(a, b) for a, b in itertools.pairwise(widths)]
    places: list[list[int]] = []
    values: list[np.ndarray[Any, Any]] = []
    for linear in linears:
        weight = sum(len(part) for part in values)
        values += [linear.weight.detach().numpy().ravel() * 3, linear.bias.detach().numpy()]
        places.append([weight, weight + linear.weight.numel(), linear.in_features, linear.out_features])
    x = torch.randn(5, widths[0])
    wanted = x
    for linear in linears:
        wanted = torch.nn.functional.linear(wanted, linear.weight * 3, linear.bias)
        wanted = wanted if linear is linears[-1] else torch.relu(wanted) if relu else torch.tanh(wanted)
    found = np.empty((5, widths[-1]), np.float32)
    hidden = np.empty((len(linears), max(widths)), np.float32)
    forward(np.concatenate(values), np.array(places), relu, x.numpy(), hidden, found)
    np.testing.assert_allclose(found, wanted.detach().numpy(), rtol=1e-5, atol=1e-5)


def test_the_hyperbolic_tangent_is_one_at_every_argument() -> None:
    arguments = np.concatenate([np.linspace(-12, 12, 4001), [1e-30, -1e-8, 3e38, -3e38, 0.0]]).astype(np.float32)
    values = np.array([1.0, 0.0, 1.0, 0.0], np.float32)  # one hidden number and an output, both as they are
    found = np.empty((len(arguments), 1), np.float32)
    places = np.array([[0, 1, 1, 1], [2, 3, 1, 1]])
    forward(values, places, False, arguments[:, None], np.empty((2, 1), np.float32), found)
    wanted = np.tanh(arguments.astype(np.float64))
    np.testing.assert_allclose(found[:, 0], wanted, rtol=5e-7, atol=1e-37)


def test_a_reward_or_observation_that_is_not_finite_is_told_and_not_added() -> None:
    from tuner.training.tally import tally

    returns, lengths = np.ones(2), np.ones(2, np.int64)
    fine = np.zeros((2, 3), np.float32)
    odd = np.array([[0.0, 0.0, 0.0], [0.0, np.inf, 0.0]], np.float32)
    assert tally(fine, np.array([1.5, -2.0], np.float32), returns, lengths)
    assert not tally(odd, np.array([1.0, 1.0], np.float32), returns, lengths)
    assert not tally(fine, np.array([1.0, np.nan], np.float32), returns, lengths)
    assert (returns.tolist(), lengths.tolist()) == ([2.5, -1.0], [2, 2])


@pytest.mark.parametrize("shape", [(3, 2), (2, 3), (2, 4), (1, 3)])
def test_observations_of_another_shape_are_refused_and_not_read_beyond(shape: tuple[int, ...]) -> None:
    class Other(DummyVecEnv):
        def step_wait(self) -> Any:
            _, *rest = super().step_wait()
            return np.zeros(shape, np.float32), *rest

    env = Other([lambda: gym.make("Pendulum-v1")] * 2)  # whose observations have three values
    model = FusedPPO("MlpPolicy", env, n_steps=8, batch_size=16, n_epochs=1, device="cpu")
    if shape == (2, 3):
        model.learn(8)
        return
    with pytest.raises(ValueError, match="shape"):
        model.learn(8)
    if shape[1] != 3:
        with pytest.raises(ValueError, match="the policy takes 3"):
            model.best_actor()(np.zeros(shape, np.float32))


@pytest.mark.parametrize(("rewards", "dones"), [(3, 2), (1, 2), (2, 1), (2, 3)])
def test_rewards_for_other_environments_are_refused_and_not_written_beyond(rewards: int, dones: int) -> None:
    class Other(DummyVecEnv):
        def step_wait(self) -> Any:
            observations, _, _, infos = super().step_wait()
            return observations, np.zeros(rewards, np.float32), np.zeros(dones, np.bool_), infos

    env = VecGuard(Other([lambda: gym.make("Pendulum-v1")] * 2))
    env.reset()
    with pytest.raises(EnvironmentFailed, match=r"with 2 environments both must be \(2,\)"):
        env.step(np.zeros((2, 1), np.float32))


def twice(x: float) -> float:
    return 2 * x


def test_where_no_folder_can_be_written_it_is_compiled_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    import numba

    real = numba.njit

    def njit(*given: Any, cache: bool = False, **options: Any) -> Any:
        if cache:
            return lambda function: (_ for _ in ()).throw(RuntimeError("cannot cache function: no locator available"))
        return real(*given, **options)

    monkeypatch.setattr(numba, "njit", njit)
    assert compiled.compiled()(twice)(4.0) == 8.0


@pytest.mark.parametrize("method", ["_save_overload", "_load_overload"])
def test_a_full_disk_or_a_damaged_file_costs_time_alone(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from numba.core import caching

    def fail(*_: Any) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(caching._Cache if method not in vars(caching.Cache) else caching.Cache, method, fail)
    assert compiled.compiled()(twice)(4.0) == 8.0


def test_a_trial_runs_where_numba_is_not_installed() -> None:
    code = (
        "import sys; sys.modules['numba'] = None\n"
        "from tuner.records import EnvironmentRef\n"
        "from tuner.training.environments import make_vec_env\n"
        "from tuner.training.fused_ppo import FusedPPO\n"
        f"env = make_vec_env(EnvironmentRef(id={ARM!r}))\n"
        "model = FusedPPO('MlpPolicy', env, n_steps=64, batch_size=32, n_epochs=1)\n"
        "model.learn(64)\n"
        "print(model.stepped_aside, model.num_timesteps)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.splitlines()[-1] == "None 64"
