"""A2C, SAC, TD3 and DQN in a training run: checkpoints, outcomes and models as with PPO."""

import io
from dataclasses import replace
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from conftest import make_job
from stable_baselines3 import A2C, DQN, SAC, TD3
from stable_baselines3.common.base_class import BaseAlgorithm
from training.reported_runs import run

from tuner.errors import EnvironmentUnusable
from tuner.records import Checkpoint, Decision, EnvironmentRef, TrialJob
from tuner.training.environments import make_vec_env
from tuner.training.load_model import load_actor
from tuner.training.make_model import make_model, model_class

LINE, CART = EnvironmentRef(id="tuner_toys:ToyLine-v0"), EnvironmentRef(id="CartPole-v1")
SMALL = {"batch_size": 8, "learning_starts": 16, "net_arch": [8]}
NOISE = {"noise_type": "normal", "noise_std": 0.3}

CASES: dict[str, tuple[type[BaseAlgorithm], EnvironmentRef, dict[str, Any]]] = {
    "a2c": (A2C, LINE, {"n_steps": 8, "net_arch": [8]}),
    "a2c discrete": (A2C, CART, {"n_steps": 8, "net_arch": [8]}),
    "sac": (SAC, LINE, {**SMALL, "train_freq": 8, "gradient_steps": 2}),
    "td3": (TD3, LINE, {**SMALL, "train_freq": 4, **NOISE}),
    "dqn": (DQN, CART, {**SMALL, "train_freq": 4, "target_update_interval": 20}),
}


def job(case: str, n_envs: int = 1, **changes: Any) -> TrialJob:
    kind, ref, params = CASES[case]
    environment = replace(ref, n_envs=n_envs)
    return make_job(**{"algorithm": kind.__name__.lower(), "params": params, "environment": environment, **changes})


@pytest.mark.parametrize("n_envs", [1, 2])
@pytest.mark.parametrize("case", CASES)
def test_every_checkpoint_is_reported_at_its_step(case: str, n_envs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    kind: Any = model_class(CASES[case][0].__name__.lower(), "auto")
    original: Any = kind.train
    updates: list[int] = []

    def train(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        updates.append(self.num_timesteps)

    monkeypatch.setattr(kind, "train", train)
    outcome, seen = run(job(case, n_envs))
    assert [evaluation.step for evaluation in seen] == [64, 128]
    assert {64, 128} <= set(updates)
    assert (outcome.state, outcome.steps, outcome.facts["trainer"]) == (
        "completed",
        128,
        "fused" if case == "dqn" else "sb3",
    )
    assert outcome.facts["arguments"] == CASES[case][2]
    assert seen[-1].health


@pytest.mark.parametrize("case", CASES)
def test_the_kept_model_acts_as_in_tuner_play(case: str) -> None:
    outcome, _ = run(job(case))
    assert outcome.model is not None
    env = gym.make(CASES[case][1].id)
    act = load_actor(outcome.model, "it", env)
    observation, _ = env.reset(seed=1)
    expected, _ = CASES[case][0].load(io.BytesIO(outcome.model), device="cpu").predict(observation, deterministic=True)
    assert np.array_equal(act(observation), expected)


@pytest.mark.parametrize("case", CASES)
def test_a_stop_ends_the_training_within_a_step(case: str) -> None:
    outcome, seen = run(job(case, timesteps=1024), Decision(go_on=False))
    assert [evaluation.step for evaluation in seen] == [64]
    assert (outcome.state, outcome.steps) == ("stopped", 65)


@pytest.mark.parametrize("case", ["sac", "dqn"])
def test_the_same_job_gives_the_same_scores_bit_for_bit(case: str) -> None:
    first, second = ([(e.score, e.health) for e in run(job(case))[1]] for _ in range(2))
    assert first == second


def test_dqn_comes_to_the_same_by_either_class() -> None:
    ours, theirs = (run(job("dqn", trainer=trainer)) for trainer in ("fused", "sb3"))
    assert [outcome.facts["trainer"] for outcome, _ in (ours, theirs)] == ["fused", "sb3"]
    assert [(one.score, one.mean_length) for one in ours[1]] == [(one.score, one.mean_length) for one in theirs[1]]


@pytest.mark.parametrize("case", ["a2c", "sac", "td3", "dqn"])
def test_an_absurd_learning_rate_diverges(case: str) -> None:
    clips = {"max_grad_norm": 1e38} if case in ("a2c", "dqn") else {}
    params = {**CASES[case][2], "learning_rate": 1e30 if case == "dqn" else 1e15, **clips}
    outcome, _ = run(job(case, params=params, timesteps=256, checkpoints=(Checkpoint(step=256, goals=2),)))
    assert outcome.state == "diverged"
    assert outcome.reason


@pytest.mark.parametrize("case", ["sac", "td3", "dqn"])
def test_a_parameter_that_is_not_finite_is_found_by_the_next_checkpoint(
    case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def poison(self: Any, *args: Any, **kwargs: Any) -> None:
        if self.num_timesteps >= 60:
            next(self.policy.parameters()).data.fill_(float("nan"))

    monkeypatch.setattr(model_class(case, "auto"), "train", poison)
    outcome, seen = run(job(case, params={**CASES[case][2], "learning_starts": 1000}))
    assert outcome.state == "completed"  # nothing was learnt, so nothing was poisoned
    outcome, seen = run(job(case))
    assert (outcome.state, seen) == ("diverged", [])
    assert "not finite" in outcome.reason or "nan" in outcome.reason


def test_a_replay_buffer_is_no_larger_than_the_trial() -> None:
    outcome, _ = run(job("sac", params={**SMALL, "buffer_size": 10**8}))
    assert outcome.facts["arguments"]["buffer_size"] == 128
    assert 0 < outcome.facts["bytes_a_transition"] < 100
    smaller, _ = run(job("sac", params={**SMALL, "buffer_size": 50}))
    assert smaller.facts["arguments"]["buffer_size"] == 50


@pytest.mark.parametrize("kind", ["normal", "ornstein-uhlenbeck"])
def test_noise_has_the_shape_of_the_actions(kind: str) -> None:
    env = make_vec_env(EnvironmentRef(id="tuner_toys:ToyMatrix-v0"))
    asked = job("td3", params={**SMALL, "noise_type": kind, "noise_std": 0.5})
    model: Any = make_model(asked, env)
    env.close()
    assert model.action_noise().shape == (2, 1)
    assert np.all(model.action_noise._sigma == 0.5)


@pytest.mark.parametrize(
    ("case", "ref", "said"),
    [
        (
            "dqn",
            LINE,
            "DQN needs discrete actions; tuner_toys:ToyLine-v0 has continuous ones: use ppo, a2c, sac or td3",
        ),
        ("sac", CART, "SAC needs continuous actions; CartPole-v1 has discrete ones: use ppo, a2c or dqn"),
        ("td3", EnvironmentRef(id="tuner_toys:ToyGrid-v0"), "has several discrete ones: use ppo or a2c"),
        ("sac", EnvironmentRef(id="tuner_toys:ToyDictionary-v0"), "SAC cannot learn in"),
    ],
)
def test_actions_that_it_cannot_take_are_refused(case: str, ref: EnvironmentRef, said: str) -> None:
    with pytest.raises(EnvironmentUnusable) as refused:
        run(job(case, environment=ref))
    assert said in str(refused.value)
