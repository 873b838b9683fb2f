"""Estimates of a run's duration."""

import contextlib
import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from conftest import write_study
from driving import EVALUATION
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tuner.config.load import find, load_study
from tuner.config.model import StudySpec
from tuner.engines.base import Evaluated, Event, Finished, failed
from tuner.engines.inline import InlineEngine
from tuner.errors import EnvironmentFailed, EnvironmentUnusable, TunerError, UsageProblem
from tuner.planning.estimate import (
    GOALS,
    largest_buffer,
    measure,
    minutes,
    pruning_cost,
    refuse_large_buffers,
    run_short,
    typical_seconds,
)
from tuner.planning.forecast import forecast
from tuner.records import Decision, TrialJob, TrialOutcome


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({"curriculum": True}, "no method set_difficulty", id="no difficulties"),
        pytest.param(
            {"milestones": ["near"]}, r"before the first trial: milestones: info\['near'\]", id="unknown milestone"
        ),
    ],
)
def test_what_the_environment_lacks_is_found_before_the_first_trial(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(TunerError, match=said):
        measure(InlineEngine(), make_spec(tmp_path, **changes))


@pytest.fixture
def spec(tmp_path: Path) -> StudySpec:
    return make_spec(tmp_path)


def make_spec(folder: Path, **changes: Any) -> StudySpec:
    return load_study(find("studies", str(write_study(folder, **changes))))


class Clock:
    """An engine with given costs per environment step and minibatch."""

    def __init__(self, *, per_step: float = 0.0, per_minibatch: float = 0.0, per_goal: float = 0.0) -> None:
        self.workers = 1
        self.jobs: list[TrialJob] = []
        self._per_step, self._per_goal, self._evaluated = per_step, per_goal, False
        self._per_minibatch = per_minibatch

    def prepare(self, count: int) -> None:
        pass

    def start(self, job: TrialJob) -> None:
        self.jobs.append(job)

    def wait(self, timeout: float) -> list[Event]:
        job = self.jobs[-1]
        rollout = job.params["n_steps"] * job.environment.n_envs
        steps = math.ceil(job.timesteps / rollout) * rollout
        minibatches = steps * job.params["n_epochs"] / job.params["batch_size"]
        seconds = steps * self._per_step + minibatches * self._per_minibatch
        if job.checkpoints and not self._evaluated:
            self._evaluated = True
            return [
                Evaluated(number=job.number, evaluation=replace(EVALUATION, evaluation_seconds=self._evaluation(job)))
            ]
        self._evaluated = False
        seconds += self._evaluation(job)
        return [Finished(number=job.number, outcome=TrialOutcome(state="completed", steps=steps, seconds=seconds))]

    def _evaluation(self, job: TrialJob) -> float:
        return self._per_goal * sum(checkpoint.goals for checkpoint in job.checkpoints)

    def answer(self, number: int, decision: Decision) -> None:
        assert decision.go_on

    def stop(self) -> None:
        """Nothing runs."""


class Losing(Clock):
    """An engine whose first jobs are lost with their nodes."""

    def __init__(self, losses: int) -> None:
        super().__init__(per_step=0.001)
        self._losses = losses

    def wait(self, timeout: float) -> list[Event]:
        if self._losses:
            self._losses -= 1
            return [failed(self.jobs[-1].number, "node 10.0.0.1 is gone", f"node {self._losses}")]
        return super().wait(timeout)


def test_a_measurement_that_is_lost_with_its_node_is_made_again(spec: StudySpec) -> None:
    job = spec.job(number=-1, seed=0, params={"n_steps": 16, "batch_size": 8, "n_epochs": 1}, timesteps=16)
    engine = Losing(2)
    assert run_short(engine, job).state == "completed"
    assert engine.jobs == [job] * 3
    with pytest.raises(EnvironmentFailed, match=r"before the first trial: node 10\.0\.0\.1 is gone"):
        run_short(Losing(3), job)


@pytest.mark.parametrize(
    ("trials", "workers", "unpruned"),
    [
        pytest.param(4, 1, 4.0, id="one after another"),
        pytest.param(4, 2, 2.0, id="two at a time"),
        pytest.param(5, 2, 3.0, id="the last one alone"),
        pytest.param(1, 8, 1.0, id="more workers than trials"),
    ],
)
def test_minutes(trials: int, workers: int, unpruned: float, tmp_path: Path) -> None:
    estimate = minutes(trials, workers, make_spec(tmp_path, pruner="none"), 60.0)
    assert (estimate.likely, estimate.unpruned) == (unpruned, unpruned)


def test_pruning_makes_a_long_run_shorter_than_its_trials(spec: StudySpec) -> None:
    estimate = minutes(60, 1, spec, 60.0)
    assert estimate.unpruned == 60.0
    assert estimate.likely == pytest.approx(0.67 * 60)


@pytest.mark.parametrize("changes", [{"pruner": "none"}, {"checkpoints": 5}], ids=["no pruner", "few checkpoints"])
def test_what_cannot_prune_saves_nothing(changes: dict[str, Any], tmp_path: Path) -> None:
    assert pruning_cost(make_spec(tmp_path, **changes), 200) == 1.0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(trials=st.integers(1, 5000))
def test_more_trials_cost_no_more_each(trials: int, spec: StudySpec) -> None:
    assert 0.59 < pruning_cost(spec, trials + 1) <= pruning_cost(spec, trials) <= 1.0
    halving = spec.model_copy(update={"pruner": "halving"})
    assert pruning_cost(halving, trials) <= pruning_cost(spec, trials)


def test_typical_seconds_is_the_median() -> None:
    assert typical_seconds([5.0, 1.0, 100.0]) == 5.0
    assert typical_seconds([]) is None


@pytest.mark.parametrize("n_envs", [1, 4, 3], ids=["one", "divides the probe", "does not divide the probe"])
def test_measure_finds_the_cost_of_steps_and_minibatches(n_envs: int, tmp_path: Path) -> None:
    spec = make_spec(tmp_path, environment={"id": "tuner_toys:ToyLine-v0", "n_envs": n_envs}, timesteps=3840)
    measured = measure(Clock(per_step=1e-3, per_minibatch=2e-2, per_goal=0.5), spec)
    rate = (1 / 4 + 1 / 8 + 1 / 16 + 1 / 32) / 4  # minibatches a step: over the batch sizes, at the space's one epoch
    assert measured.training == pytest.approx(spec.timesteps * (1e-3 + rate * 2e-2), rel=0.01)
    assert measured.evaluation == pytest.approx(0.5 * sum(checkpoint.goals for checkpoint in spec.plan()))
    assert measured.seconds == measured.setup + measured.training + measured.evaluation


@pytest.mark.parametrize(("early", "late"), [(1, 1), (20, 50), (3, 400)])
def test_evaluations_are_counted_by_their_episodes(early: int, late: int, tmp_path: Path) -> None:
    spec = make_spec(tmp_path, goals={"early": early, "late": late})
    clock = Clock(per_step=1e-3, per_goal=0.02)
    expected = 0.02 * sum(checkpoint.goals for checkpoint in spec.plan())
    assert measure(clock, spec).evaluation == pytest.approx(expected)
    cost = forecast(clock, spec, 4)
    assert min(corner.seconds for corner in cost.corners) > expected
    assert cost.trial_seconds == pytest.approx(spec.timesteps * 1e-3 + expected, rel=0.01)


def test_measure_runs_what_the_study_will_run(spec: StudySpec) -> None:
    clock = Clock()
    measure(clock, spec)
    assert {job.environment.id for job in clock.jobs} == {"tuner_toys:ToyLine-v0"}
    assert {(job.algorithm, job.policy, job.device) for job in clock.jobs} == {("ppo", "auto", "cpu")}
    assert [sum(checkpoint.goals for checkpoint in job.checkpoints) for job in clock.jobs] == [1, 0, GOALS]


def test_measure_on_the_toy(spec: StudySpec) -> None:
    engine = InlineEngine()
    seconds = measure(engine, spec).seconds
    engine.stop()
    assert 0.0 < seconds < 3600.0


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        pytest.param("Raising", EnvironmentFailed, "before the first trial: .*the gripper fell off", id="raises"),
        pytest.param("Dictionary", EnvironmentUnusable, "PPO cannot learn in", id="PPO cannot act in it"),
        pytest.param("Nothing", EnvironmentUnusable, "no environment called", id="unknown"),
    ],
)
def test_an_unsound_environment_is_refused_before_the_first_trial(
    name: str, kind: type[TunerError], words: str, tmp_path: Path
) -> None:
    spec = make_spec(tmp_path, environment={"id": f"tuner_toys:Toy{name}-v0"})
    engine = InlineEngine()
    with pytest.raises(kind, match=words):
        measure(engine, spec)
    engine.stop()


def replay_spec(folder: Path, **changes: Any) -> StudySpec:
    path = write_study(folder, baselines={}, **changes)
    space = {"algorithm": "sac", "parameters": {"tau": {"type": "float", "low": 0.01, "high": 0.1}}}
    (folder / "toy_space.yaml").write_text(yaml.safe_dump(space))
    return load_study(find("studies", str(path)))


@pytest.mark.parametrize(
    ("workers", "free", "said"),
    [
        pytest.param(
            2, 1e6, "2 replay buffers of 100,000 transitions would take 0.02 GB, and 0.001 GB are free", id="two"
        ),
        pytest.param(1, 1e6, "1 replay buffer of 100,000 transitions would take 0.01 GB", id="one"),
        pytest.param(8, 1e6, "4 replay buffers of", id="no more than trials"),
        pytest.param(8, 1e9, "", id="they fit"),
    ],
)
def test_replay_buffers_that_do_not_fit_in_parallel_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int, free: float, said: str
) -> None:
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=free))
    spec = replay_spec(tmp_path, timesteps=100_000)
    expected = pytest.raises(UsageProblem, match=said) if said else contextlib.nullcontext()
    with expected:
        refuse_large_buffers(spec, workers, bytes_a_transition=100.0)


def test_ppo_has_no_replay_buffer(spec: StudySpec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=0))
    assert largest_buffer(spec) == 0
    refuse_large_buffers(spec, 8, bytes_a_transition=100.0)  # and so none is refused, however little is free


def test_what_making_an_environment_takes_counts_once_a_trial() -> None:
    outcome = TrialOutcome(state="completed", steps=100, seconds=5.0, facts={"setup_seconds": 4.0})
    assert (outcome.setup_seconds, outcome.training_seconds) == (4.0, 1.0)
    assert TrialOutcome(state="completed", seconds=5.0).training_seconds == 5.0
