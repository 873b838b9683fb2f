"""Tuning as a source of jobs, in a real study."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import write_study
from optuna.artifacts import get_all_artifact_meta
from optuna.storages import BaseStorage
from optuna.trial import TrialState

from tuner.config.load import find, load_study
from tuner.config.model import StudySpec
from tuner.errors import TooManyFailures
from tuner.records import Decision, Evaluation, TrialJob, TrialOutcome
from tuner.study.search_source import SearchSource, facts, late_mean, reported_value, trial_value
from tuner.study.storage import open_to_write, parse_url
from tuner.study.writer import StudyWriter

STEPS = (64, 128, 192, 256, 320, 384)
DONE = TrialOutcome(state="completed", steps=384, seconds=2.0)
FAILED = TrialOutcome(state="failed", reason="the gripper fell off")


class Bench:
    """A source with its writer."""

    def __init__(self, storage: BaseStorage, trials: int = 30, **changes: Any) -> None:
        spec: StudySpec = load_study(find("studies", str(write_study(Path.cwd(), **changes))))
        self.storage = storage
        self.writer, _ = StudyWriter.open(storage, spec, Path("artifacts"))
        self.writer.recover()
        self.writer.enqueue_baselines()
        self.source = SearchSource(self.writer, spec, trials)

    def job(self) -> TrialJob:
        job = self.source.next_job()
        assert job is not None
        return job

    def evaluate(self, job: TrialJob, scores: Sequence[float]) -> list[Decision]:
        return [self.source.on_evaluation(job.number, evaluation) for evaluation in evaluations(scores)]

    def complete(self, score: float) -> TrialJob:
        job = self.job()
        self.evaluate(job, [score] * len(STEPS))
        self.source.on_outcome(job.number, DONE)
        return job


@pytest.fixture
def storage(tmp_path: Path) -> BaseStorage:
    return open_to_write(parse_url(f"sqlite:///{tmp_path}/toy.db"))


def evaluations(scores: Sequence[float], **changes: Any) -> Iterator[Evaluation]:
    for index, score in enumerate(scores):
        values: dict[str, Any] = {
            "index": index,
            "step": STEPS[index],
            "score": score,
            "success": score,
            "distance": 0.1,
            "mean_return": 10 * score,
            "mean_length": 8.0,
            "timeout_share": 0.0,
            "seconds": float(index),
            "evaluation_seconds": 0.1,
            "health": {"approx_kl": 0.01 * index},
        }
        yield Evaluation(**{**values, **changes})


@pytest.mark.parametrize(
    ("scores", "value", "reported"),
    [
        pytest.param([0.4], 0.4, 0.4, id="one"),
        pytest.param([0.2, 0.4], 0.3, 0.3, id="two"),
        pytest.param([0.9, 0.0, 0.3, 0.6], 0.3, 0.45, id="neither the best nor the last"),
    ],
)
def test_values(scores: list[float], value: float, reported: float) -> None:
    seen = list(evaluations(scores))
    assert trial_value(seen) == pytest.approx(value)
    assert reported_value(seen) == pytest.approx(reported)


def test_the_area_is_the_mean_over_all_evaluations() -> None:
    assert trial_value(list(evaluations([0.9, 0.0, 0.3, 0.6])), None) == pytest.approx(0.45)


def test_late_mean_skips_what_is_unknown() -> None:
    assert late_mean([1.0, None, 0.2, 0.4]) == pytest.approx(0.3)
    assert late_mean([None, None]) is None
    assert late_mean([]) is None


def test_facts_are_what_was_seen() -> None:
    seen = list(evaluations([0.0, 0.2, 0.4, 0.6], distance=None))
    found = facts(seen, TrialOutcome(state="completed", steps=384, seconds=2.0, facts={"arguments": {"gamma": 0.9}}))
    assert found["success"] == pytest.approx(0.4)
    assert found["success_area"] == pytest.approx(0.3)
    assert found["steps_per_second"] == 192.0
    assert found["evaluation_share"] == pytest.approx(0.2)
    assert found["approx_kl"] == pytest.approx(0.03)
    assert found["arguments"] == {"gamma": 0.9}
    assert [point["step"] for point in found["curve"]] == [64, 128, 192, 256]
    assert "distance" not in found
    assert not {"milestones", "difficulty"} & {*found, *found["curve"][0]}
    assert facts([], FAILED)["reason"] == "the gripper fell off"


def test_milestones_and_difficulty_are_kept() -> None:
    seen = list(evaluations([0.0] * 4, milestones={"grasped": 0.5, "lifted": 0.25}, difficulty=0.3))
    found = facts(seen, TrialOutcome(state="completed", facts={"curriculum": [{"step": 0, "difficulty": 0.1}]}))
    assert found["milestones"] == {"grasped": 0.5, "lifted": 0.25}
    assert found["curve"][-1]["milestones"] == {"grasped": 0.5, "lifted": 0.25}
    assert found["curve"][-1]["difficulty"] == 0.3
    assert found["curriculum"] == [{"step": 0, "difficulty": 0.1}]


def test_a_job_is_complete(storage: BaseStorage) -> None:
    bench = Bench(storage)
    jobs = [bench.job() for _ in range(3)]
    assert jobs[1].params == {"learning_rate": 1e-4, "n_steps": 64, "batch_size": 16, "n_epochs": 2}
    assert jobs[2].params["n_epochs"] == 1
    assert [checkpoint.step for checkpoint in jobs[2].checkpoints] == list(STEPS)
    assert jobs[2].device == "cpu"


def test_a_clearly_worse_trial_is_stopped_after_the_warm_up(storage: BaseStorage) -> None:
    bench = Bench(storage, baselines={})
    for _ in range(5):
        bench.complete(0.8)
    decisions = bench.evaluate(bench.job(), [0.1] * 4)
    assert [decision.go_on for decision in decisions] == [True, True, False, False]  # 40 % of 384 is 153


def test_a_trial_behind_the_median_is_likely_pruned_before_the_rule_may_stop_it(storage: BaseStorage) -> None:
    bench = Bench(storage)
    baseline = bench.job()
    bench.evaluate(baseline, [0.0])
    _, worse, better = bench.job(), bench.job(), bench.job()
    for _ in range(4):
        bench.complete(0.8)
    assert bench.evaluate(worse, [0.1])[-1].go_on
    assert not bench.source.likely_pruned(worse.number)  # the rule knows too few trials
    bench.complete(0.8)
    bench.evaluate(better, [0.9])
    assert [bench.source.likely_pruned(job.number) for job in (worse, better, baseline)] == [True, False, False]


def test_the_leader_is_that_of_the_finished_trials(storage: BaseStorage) -> None:
    bench = Bench(storage, baselines={})
    assert bench.source.leader() is None
    for score in (0.5, 0.8, 0.6):
        bench.complete(score)
    leader = bench.source.leader()
    assert leader is not None
    assert leader.first.label == "trial 1"
    assert leader.first.attributes["curve"][-1]["success"] == 0.8


def test_a_baseline_is_never_pruned(storage: BaseStorage) -> None:
    bench = Bench(storage)
    current, proposed = bench.job(), bench.job()
    for _ in range(5):
        bench.complete(0.8)
    for job in (current, proposed):
        assert all(decision.go_on for decision in bench.evaluate(job, [0.0] * 6))


def test_the_pruner_is_not_asked_where_the_trial_is_paid_for(storage: BaseStorage) -> None:
    bench = Bench(storage, baselines={})
    for _ in range(5):
        bench.complete(0.8)
    job = bench.job()
    assert not bench.evaluate(job, [0.1] * 5)[-1].go_on
    *_, last = evaluations([0.1] * 6)
    assert bench.source.on_evaluation(job.number, last).go_on


def test_a_model_is_kept_of_baselines_and_of_every_new_best_of_the_tuned(storage: BaseStorage) -> None:
    bench = Bench(storage)
    kept = []
    for score in (0.5, 0.1, 0.4, 0.6, 0.6, 0.7):  # the first two are baselines
        job = bench.job()
        decisions = bench.evaluate(job, [score] * 6)
        assert not any(decision.keep for decision in decisions[:-1])
        kept.append(decisions[-1].keep)
        bench.source.on_outcome(job.number, DONE)
    assert kept == [True, True, True, True, False, True]


def test_a_completed_trial_is_stored_with_its_model(storage: BaseStorage, tmp_path: Path) -> None:
    bench = Bench(storage, baselines={})
    job = bench.job()
    bench.evaluate(job, [0.0, 0.0, 0.0, 0.3, 0.6, 0.9])
    bench.source.on_outcome(job.number, TrialOutcome(state="completed", steps=384, seconds=2.0, model=b"a model"))
    (trial,) = bench.writer.trials(TrialState.COMPLETE)
    assert trial.value == pytest.approx(0.6)
    assert trial.intermediate_values == pytest.approx({64: 0, 128: 0, 192: 0, 256: 0.15, 320: 0.45, 384: 0.75})
    assert len(trial.user_attrs["curve"]) == 6
    (artifact,) = get_all_artifact_meta(trial, storage=storage)
    assert artifact.filename == "trial-0.zip"
    assert (tmp_path / "artifacts" / artifact.artifact_id).read_bytes() == b"a model"


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        pytest.param(TrialOutcome(state="diverged", reason="loss is nan"), "loss is nan", id="diverged"),
        pytest.param(TrialOutcome(state="stopped", steps=129, seconds=1.0), None, id="stopped"),
    ],
)
def test_an_early_end_is_stored_as_pruned(outcome: TrialOutcome, reason: str | None, storage: BaseStorage) -> None:
    bench = Bench(storage, baselines={})
    job = bench.job()
    bench.evaluate(job, [0.1, 0.2])
    bench.source.on_outcome(job.number, outcome)
    (trial,) = bench.writer.trials(TrialState.PRUNED)
    assert trial.user_attrs.get("reason") == reason
    assert len(trial.user_attrs["curve"]) == 2


@pytest.mark.parametrize("target", [1, 3])
def test_the_target_is_met_exactly_whatever_fails(target: int, storage: BaseStorage) -> None:
    bench = Bench(storage, trials=target, baselines={})
    under_way = [bench.job() for _ in range(target)]
    assert bench.source.next_job() is None
    bench.source.on_outcome(under_way[0].number, FAILED)
    retry = bench.job()
    assert (retry.seed, retry.params) == (under_way[0].seed, under_way[0].params)
    for job in (retry, *under_way[1:]):
        assert bench.source.next_job() is None
        bench.evaluate(job, [0.5] * 6)
        bench.source.on_outcome(job.number, DONE)
    assert bench.source.next_job() is None
    assert bench.writer.count_finished() == target


def test_a_finished_study_hands_out_nothing(storage: BaseStorage) -> None:
    Bench(storage, baselines={}).complete(0.5)
    assert Bench(storage, trials=1, baselines={}).source.next_job() is None


def test_a_trial_that_fails_again_alike_is_given_up_and_the_study_goes_on(storage: BaseStorage) -> None:
    bench = Bench(storage, trials=3, baselines={})
    first = bench.job()
    bench.source.on_outcome(first.number, FAILED)
    again = bench.job()
    assert again.seed == first.seed
    bench.source.on_outcome(again.number, FAILED)
    (given_up,) = bench.writer.trials(TrialState.PRUNED)
    assert given_up.user_attrs["reason"] == "failed 2 times: the gripper fell off"
    for _ in range(2):
        job = bench.job()
        assert job.seed != first.seed
        bench.evaluate(job, [0.5] * 6)
        bench.source.on_outcome(job.number, DONE)
    assert bench.source.next_job() is None
    assert bench.writer.count_finished() == 3


def test_a_trial_whose_worker_dies_has_three_attempts(storage: BaseStorage) -> None:
    bench = Bench(storage, baselines={})
    died = replace(FAILED, reason="the worker process died (signal 9)")
    seeds = []
    for _ in range(3):
        job = bench.job()
        seeds.append(job.seed)
        bench.source.on_outcome(job.number, died)
    assert len(set(seeds)) == 1
    assert bench.writer.count_given_up() == 1
    assert bench.job().seed != seeds[0]


def test_the_run_stops_where_most_trials_fail(storage: BaseStorage) -> None:
    bench = Bench(storage, baselines={})
    for _ in range(5):
        bench.source.on_outcome(bench.job().number, FAILED)
    with pytest.raises(TooManyFailures, match="3 of 3 trials failed again and again, last reason: the gripper fell"):
        bench.source.on_outcome(bench.job().number, FAILED)


def test_an_interrupted_trial_runs_again(storage: BaseStorage) -> None:
    bench = Bench(storage, baselines={})
    job = bench.job()
    bench.evaluate(job, [0.1])
    bench.source.interrupt()
    again = Bench(storage, baselines={}).job()
    assert (again.seed, again.params) == (job.seed, job.params)
    assert again.number != job.number
