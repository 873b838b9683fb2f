"""The jobs of a comparison: whole rollouts, the same evaluation episodes, equal time."""

from pathlib import Path
from typing import Any

import pytest
from conftest import write_study

from tuner import seeds
from tuner.comparison.comparison_plan import MARGIN, POINTS, TIGHT, make_jobs, rollout, short_job, short_jobs
from tuner.comparison.comparison_records import Contender
from tuner.config.load import find, load_study
from tuner.config.model import StudySpec

ARMS = {
    "ppo": Contender(algorithm="ppo", source="", params={"n_steps": 64, "batch_size": 8}),
    "sac": Contender(algorithm="sac", source="", params={"train_freq": 8}),
    "dqn": Contender(algorithm="dqn", source="", params={}),
}


@pytest.fixture
def spec(tmp_path: Path) -> StudySpec:
    return load_study(find("studies", str(write_study(tmp_path))))


def planned(spec: StudySpec, speed: float = 1000.0, seconds: float = 60.0, count: int = 2) -> Any:
    arms = list(ARMS.values())
    return make_jobs(arms, dict.fromkeys(ARMS, spec), dict.fromkeys(ARMS, speed), seconds, count)


@pytest.mark.parametrize(("arm", "n_envs", "steps"), [("ppo", 2, 128), ("sac", 3, 24), ("dqn", 1, 4)])
def test_a_rollout_is_the_configured_or_the_default_one(arm: str, n_envs: int, steps: int) -> None:
    assert rollout(ARMS[arm], n_envs) == steps


def test_the_first_seed_of_all_comes_before_any_second(spec: StudySpec) -> None:
    jobs = planned(spec)
    assert [job.algorithm for job in jobs] == ["ppo", "sac", "dqn"] * 2
    assert [job.number for job in jobs] == list(range(6))
    assert [job.seed - seeds.COMPARISON for job in jobs] == [0, 0, 0, 1, 1, 1]
    assert {job.first_goal for job in jobs} == {seeds.COMPARISON_GOALS}


def test_some_twenty_checkpoints_fall_into_the_time_at_whole_rollouts(spec: StudySpec) -> None:
    for job in planned(spec, count=1):
        steps = [checkpoint.step for checkpoint in job.checkpoints]
        within = [step for step in steps if step <= 60_000]
        assert abs(len(within) - POINTS) <= 1
        assert {step % rollout(ARMS[job.algorithm], 1) for step in steps} == {0}
        assert job.timesteps == steps[-1]
        margin = TIGHT if job.algorithm == "dqn" else MARGIN  # exploration follows the steps
        assert job.timesteps == pytest.approx(60_000 * margin, rel=0.05)


def test_a_time_too_short_for_a_rollout_has_one_at_least(spec: StudySpec) -> None:
    assert [job.checkpoints[0].step for job in planned(spec, speed=1.0, seconds=1.0, count=1)] == [64, 8, 4]


def test_a_schedule_is_laid_over_the_time_expected(spec: StudySpec) -> None:
    arm = Contender(algorithm="ppo", source="", params={"n_steps": 64, "ent_coef": "lin_0.01"})
    (job,) = make_jobs([arm], {"ppo": spec}, {"ppo": 1000.0}, 60.0, 1)
    assert job.timesteps == pytest.approx(60_000 * TIGHT, rel=0.05)


def test_the_first_algorithm_is_measured_twice(spec: StudySpec) -> None:
    jobs = short_jobs(list(ARMS.values()), dict.fromkeys(ARMS, spec))
    assert [(job.number, job.algorithm) for job in jobs] == [(0, "ppo"), (1, "ppo"), (2, "sac"), (3, "dqn")]


def test_the_short_run_learns_from_its_first_step(spec: StudySpec, tmp_path: Path) -> None:
    of_sac = load_study(find("studies", str(write_study(tmp_path))), changes={"algorithm": "sac", "timesteps": 16_384})
    job = short_job(ARMS["sac"], of_sac)
    assert job.params["learning_starts"] == 0
    assert (job.timesteps % 8, job.checkpoints) == (0, ())
    assert "learning_starts" not in short_job(ARMS["ppo"], spec).params
