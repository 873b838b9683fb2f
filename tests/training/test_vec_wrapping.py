"""Wrappers of vector environments: round all environments of training, round each one in evaluations and checks."""

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from conftest import Tuner, kept_models, make_job, write_study
from stable_baselines3 import PPO
from training.learners import furthest

from tuner.checking.check_report import full
from tuner.checking.run_check import run_check
from tuner.errors import EnvironmentFailed, EnvironmentUnusable
from tuner.final_training.recipe import read_recipe
from tuner.records import Decision, EnvironmentRef, Evaluation
from tuner.training.environments import make_training_env, make_vec_env
from tuner.training.making import make_bare
from tuner.training.seeded_episodes import EpisodesBySeed
from tuner.training.stepping import advance, begin
from tuner.trial import run_trial

SUMMED = {"vec_wrapped_toys.Summed": {"scale": 2.0}}
LINE = EnvironmentRef(id="tuner_toys:ToyLine-v0", vec_wrappers=(SUMMED,))


def test_training_has_them_round_all_environments() -> None:
    env = make_training_env(EnvironmentRef(id=LINE.id, n_envs=3, vec_wrappers=(SUMMED,)))
    assert env.observation_space.shape == (3,)
    assert np.asarray(env.reset()).shape == (3, 3)
    env.close()


def test_a_single_environment_is_seen_through_them_and_reset_through_them() -> None:
    bare, env = make_bare(EnvironmentRef(id=LINE.id)), make_bare(LINE)
    for seed in (1, 2, 1):
        one, _ = begin(bare, seed)
        other, info = begin(env, seed)
        assert other.tolist() == [*one.tolist(), 0.0]  # cleared, since the wrapper itself was reset
        assert info["distance"] == pytest.approx(abs(one[1]))
        total, over = 0.0, False
        while not over:
            action = np.array([0.3], np.float32)
            one, reward, terminated, truncated, _ = advance(bare, action)
            other, doubled, *ends, _ = advance(env, action)
            total, over = total + reward, terminated or truncated
            assert other == pytest.approx([*one.tolist(), total], abs=1e-5)
            assert doubled == pytest.approx(2 * reward, abs=1e-5)
            assert ends == [terminated, truncated]


def test_evaluations_see_what_training_sees() -> None:
    seen: list[Evaluation] = []

    def report(evaluation: Evaluation) -> Decision:
        seen.append(evaluation)
        return Decision(go_on=True)

    assert run_trial(make_job(environment=LINE), report).state == "completed"
    assert len(seen) == 2
    env = make_vec_env(LINE, wrapper=EpisodesBySeed)
    assert env.observation_space.shape == (3,)
    env.close()


def test_the_check_looks_through_them() -> None:
    report = run_check(LINE, full(5))
    assert next(line for line in report.lines if line.name == "determinism").verdict == "ok"


@pytest.mark.parametrize(
    ("wrapper", "words"),
    [
        ("wrapped_toys.Scaled", "is another class; it must be a class derived from stable_baselines3's VecEnvWrapper"),
        ("nowhere.Wrapper", "cannot import 'nowhere'"),
        ({"vec_wrapped_toys.Summed": {"scl": 1}}, "cannot be applied with {'scl': 1}"),
        ("stable_baselines3.common.vec_env.VecFrameStack", "it takes n_stack, channels_order"),
        ("wrapped_toys.nothing", "returned NoneType, no environment"),
    ],
    ids=str,
)
def test_one_that_cannot_be_applied_is_named(wrapper: Any, words: str) -> None:
    for make in (make_bare, make_training_env):
        with pytest.raises(EnvironmentUnusable) as caught:
            make(EnvironmentRef(id=LINE.id, vec_wrappers=(wrapper,)))
        assert words in str(caught.value)


def test_one_that_raises_is_the_environments_fault() -> None:
    broken = EnvironmentRef(id=LINE.id, vec_wrappers=("vec_wrapped_toys.Broken",))
    with pytest.raises(EnvironmentFailed, match="the bus is down"):
        run_check(broken, full(2))
    env = make_training_env(broken)
    env.reset()
    with pytest.raises(EnvironmentFailed, match="the bus is down"):
        env.step(np.zeros((1, 1)))


@pytest.mark.filterwarnings("ignore:.*render_mode")
def test_exports_have_them_and_are_read_back(tuner: Tuner, tmp_path: Path) -> None:
    environment = {"id": LINE.id, "vec_wrappers": [SUMMED]}
    path = write_study(tmp_path, environment=environment, baselines={}, trainer="sb3")
    said = tuner(f"run {path} --trials 1 --engine inline --sampler random --seed 1")
    assert said.code == 0, said.err
    assert tuner("export toy -o best.yml").code == 0
    assert yaml.safe_load(Path("best.yml").read_text())["ToyLine-v0"]["vec_env_wrapper"] == [SUMMED]
    recipe = read_recipe(Path("best.yml"), None, None)
    assert (recipe.changed, recipe.spec.environment.vec_wrappers) == ((), (SUMMED,))
    assert tuner("export toy --format sb3 -o train.py").code == 0
    runpy.run_path("train.py", run_name="__main__")
    (artifact,) = kept_models(tmp_path)
    assert furthest(PPO.load("model.zip", device="cpu"), PPO.load(artifact, device="cpu")) == 0.0
    assert "bit for bit" in tuner("train best.yml --engine inline").out
