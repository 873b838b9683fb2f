"""Normalised observations and rewards: VecNormalize in training, frozen in evaluation, statistics saved."""

import io
import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from conftest import make_job
from gymnasium.spaces import Box, Discrete
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize
from training.reported_runs import run

from tuner.errors import EnvironmentUnusable, ModelUnusable
from tuner.records import EnvironmentRef, TrialJob
from tuner.training.acting import scaled
from tuner.training.environments import make_vec_env, normalized
from tuner.training.load_model import load_scaling
from tuner.training.model_files import needs_statistics

PARAMS = {"n_steps": 32, "batch_size": 8, "n_epochs": 1, "gamma": 0.9}
BOTH = {"norm_obs": True, "norm_reward": True}
TOY = EnvironmentRef(id="tuner_toys:ToyLine-v0")


def job(**params: Any) -> TrialJob:
    return make_job(params={**PARAMS, **params})


def test_the_environment_has_the_trials_gamma_and_bounds() -> None:
    env = normalized(make_vec_env(TOY), {"norm_reward": True, "clip_reward": 3.0, "gamma": 0.8})
    assert isinstance(env, VecNormalize)
    assert (env.norm_obs, env.norm_reward, env.clip_reward, env.gamma) == (False, True, 3.0, 0.8)


@pytest.mark.parametrize("params", [{}, {"norm_obs": False, "norm_reward": False}, {"clip_obs": 5.0}], ids=str)
def test_without_scaling_there_is_no_vec_normalize(params: dict[str, Any]) -> None:
    assert not isinstance(normalized(make_vec_env(TOY), params), VecNormalize)
    outcome, _ = run(job(**params))
    assert outcome.statistics is None


def test_training_is_a_plain_run_of_stable_baselines3_behind_vec_normalize() -> None:
    outcome, _ = run(replace(job(**BOTH), trainer="sb3"))
    env = VecNormalize(make_vec_env(TOY), gamma=0.9)
    plain = PPO("MlpPolicy", env, seed=1_000_000, device="cpu", **PARAMS)  # type: ignore[arg-type]
    plain.learn(128)
    assert outcome.model is not None
    assert outcome.statistics is not None
    ours = PPO.load(io.BytesIO(outcome.model), device="cpu").get_parameters()["policy"]
    theirs = plain.get_parameters()["policy"]
    assert all(bool((ours[name] == theirs[name]).all()) for name in theirs)
    kept: Any = pickle.loads(outcome.statistics)  # noqa: S301 - our own
    expected: Any = env.obs_rms
    assert np.array_equal(kept.obs_rms.mean, expected.mean)
    assert kept.obs_rms.count == expected.count  # so evaluation moved nothing


def test_fused_ppo_learns_behind_it_as_sb3_does() -> None:
    (fused, one), (sb3, other) = run(replace(job(**BOTH), trainer="fused")), run(replace(job(**BOTH), trainer="sb3"))
    assert (fused.facts["trainer"], sb3.facts["trainer"]) == ("fused", "sb3")
    assert [seen.mean_return for seen in one] == pytest.approx([seen.mean_return for seen in other], rel=1e-4)


def test_scores_are_of_raw_rewards() -> None:
    _, seen = run(job(norm_reward=True, clip_reward=1e-6))
    assert all(abs(evaluation.mean_return) > 1e-3 for evaluation in seen)


def test_evaluation_sees_observations_as_training_does(monkeypatch: pytest.MonkeyPatch) -> None:
    met: list[Any] = []

    def watched(predict: Any, env: Any) -> Any:
        def seeing(observations: Any) -> Any:
            met.append(observations.copy())
            return predict(observations)

        return scaled(seeing, env)

    monkeypatch.setattr("tuner.training.watch.scaled", watched)
    run(job(norm_obs=True, clip_obs=0.25))
    assert met
    assert max(float(np.abs(observations).max()) for observations in met) <= 0.25


def test_arguments_that_arrived_are_facts() -> None:
    outcome, _ = run(job(**BOTH, clip_obs=5.0))
    arguments = outcome.facts["arguments"]
    assert (arguments["norm_obs"], arguments["norm_reward"], arguments["clip_obs"]) == (True, True, 5.0)


def test_the_models_file_says_what_it_needs_and_stays_a_plain_one() -> None:
    both, _ = run(job(norm_obs=True))
    rewards, _ = run(job(norm_reward=True))
    assert both.model is not None
    assert rewards.model is not None
    assert needs_statistics(both.model, "it")
    assert not needs_statistics(rewards.model, "it")
    assert PPO.load(io.BytesIO(both.model), device="cpu").num_timesteps == 128


def test_what_cannot_be_scaled_is_refused() -> None:
    env = make_vec_env(TOY)
    env.observation_space = Discrete(3)
    with pytest.raises(EnvironmentUnusable, match="norm_obs: a Discrete observation cannot be scaled, only a Box"):
        normalized(env, BOTH)


def test_scaling_is_sb3s(tmp_path: Any) -> None:
    env = VecNormalize(make_vec_env(TOY), gamma=0.9)
    env.reset()
    for _ in range(20):
        env.step(np.ones((1, *env.action_space.shape), dtype=np.float32))  # type: ignore[misc]
    env.save(str(tmp_path / "vecnormalize.pkl"))
    scale = load_scaling((tmp_path / "vecnormalize.pkl").read_bytes(), "it", env.observation_space)
    raw: Any = np.asarray(env.observation_space.sample())
    assert np.array_equal(scale(raw), np.asarray(env.normalize_obs(raw)))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"nothing", r"it: cannot be loaded \(\w+: .*\); it must be a file of VecNormalize.save"),
        (pickle.dumps({"obs": 1}), r"it: holds a dict; it must be a file of VecNormalize.save"),
    ],
    ids=["no pickle", "another object"],
)
def test_an_invalid_statistics_file_is_refused(content: bytes, said: str) -> None:
    with pytest.raises(ModelUnusable, match=said):
        load_scaling(content, "it", Box(-1, 1, (2,)))


def test_statistics_of_other_observations_are_refused() -> None:
    outcome, _ = run(job(norm_obs=True))
    assert outcome.statistics is not None
    with pytest.raises(ModelUnusable, match=r"is for observations of shape \(\d,\), the environment has \(7,\)"):
        load_scaling(outcome.statistics, "it", Box(-1, 1, (7,)))


def test_it_works_in_several_environments_and_under_sac() -> None:
    several, _ = run(replace(job(**BOTH), environment=replace(TOY, n_envs=2)))
    assert several.state == "completed"
    assert isinstance(make_vec_env(replace(TOY, n_envs=2)), DummyVecEnv)
    off = {"learning_starts": 32, "batch_size": 8, "buffer_size": 128, **BOTH}
    outcome, _ = run(replace(make_job(params=off), algorithm="sac"))
    assert outcome.state == "completed"
    assert outcome.facts["arguments"]["norm_obs"] is True
