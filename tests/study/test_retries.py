"""Retries of failed, interrupted and lost trials: with their seeds, and up to the limits."""

from dataclasses import replace
from pathlib import Path

import optuna
import pytest
from opened_writers import make_spec, retry_of, start
from optuna.storages import BaseStorage
from optuna.trial import TrialState
from sqlalchemy.engine import URL

from tuner import seeds
from tuner.records import TrialOutcome
from tuner.study.samplers import distributions
from tuner.study.storage import open_to_write
from tuner.study.stored import MAX_ATTEMPTS, MAX_LOSSES
from tuner.study.writer import StudyWriter

FAILED = TrialOutcome(state="failed", reason="for a reason")
LOST = TrialOutcome(state="failed", reason="a node is gone", lost_with="node 1")


@pytest.fixture
def storage(database: URL) -> BaseStorage:
    return open_to_write(database)


def test_a_dead_coordinators_trials_run_again_once(storage: BaseStorage) -> None:
    dead = start(storage)
    lost = [dead.ask() for _ in range(3)]
    writer, _ = StudyWriter.open(storage, make_spec(), Path("artifacts"))
    assert [writer.recover(), writer.recover()] == [3, 0]
    writer.enqueue_baselines()
    again = [writer.ask() for _ in range(3)]
    assert [asked.retry_of for asked in again] == [0, 1, 2]
    assert [retry_of(asked) for asked in again] == [retry_of(asked) for asked in lost]
    states = [trial.state for trial in writer.trials(*TrialState)]
    assert states == [TrialState.FAIL] * 3 + [TrialState.RUNNING] * 3


def test_a_trial_lost_while_it_was_asked_is_failed_only(storage: BaseStorage) -> None:
    start(storage, baselines={})
    study = optuna.load_study(storage=storage, study_name="toy")
    study.ask(fixed_distributions={"learning_rate": distributions(make_spec().space)["learning_rate"]})
    writer, _ = StudyWriter.open(storage, make_spec(baselines={}), Path("artifacts"))
    assert writer.recover() == 0
    assert [trial.state for trial in writer.trials(*TrialState)] == [TrialState.FAIL]


def test_a_trial_lost_before_its_seed_was_stored_keeps_it(storage: BaseStorage) -> None:
    start(storage, baselines={})
    study = optuna.load_study(storage=storage, study_name="toy")
    study.ask(fixed_distributions=distributions(make_spec().space))
    writer, _ = StudyWriter.open(storage, make_spec(baselines={}), Path("artifacts"))
    writer.recover()
    again = writer.ask()
    assert (again.retry_of, again.seed) == (0, seeds.TRAINING)


def test_interrupts_use_up_no_retry(storage: BaseStorage) -> None:
    found = []
    for _ in range(2 * MAX_ATTEMPTS):
        writer = start(storage, baselines={})
        found.append(writer.ask())
        writer.interrupt()
    assert len({str(retry_of(asked)) for asked in found}) == 1
    for attempt in range(MAX_ATTEMPTS):
        writer = start(storage, baselines={})
        writer.fail(writer.ask().number, replace(FAILED, reason=f"reason {attempt}"))
        assert writer.count_given_up() == (attempt == MAX_ATTEMPTS - 1)


def test_three_failures_of_one_parameter_set_are_enough(storage: BaseStorage) -> None:
    writer = start(storage, baselines={})
    attempts = []
    while not writer.count_given_up():
        attempts.append(writer.ask())
        writer.fail(attempts[-1].number, replace(FAILED, reason=f"reason {len(attempts)}"))
    assert len(attempts) == MAX_ATTEMPTS
    assert len({str(retry_of(asked)) for asked in attempts}) == 1
    assert writer.recover() == 0
    assert writer.ask().retry_of is None
    assert writer.trials(TrialState.FAIL)[0].user_attrs["failure"] == "reason 1"
    assert writer.count_finished() == 1


def test_what_is_lost_with_its_node_uses_up_no_retry_until_it_was_lost_ten_times(storage: BaseStorage) -> None:
    writer = start(storage, baselines={})
    assert writer.fail(writer.ask().number, FAILED)
    attempts = [writer.ask()]
    while writer.fail(attempts[-1].number, LOST):
        attempts.append(writer.ask())
    assert len(attempts) == MAX_LOSSES
    assert len({str(retry_of(asked)) for asked in attempts}) == 1
    assert writer.reader().counts()["interrupted"] == MAX_LOSSES


def test_what_is_drawn_after_retries_is_what_is_drawn_without_them(storage: BaseStorage) -> None:
    writer = start(storage, baselines={}, sampler="random", seed=3)
    without = [writer.ask() for _ in range(6)]
    other = make_spec(name="other", baselines={}, sampler="random", seed=3)
    writer, _ = StudyWriter.open(storage, other, Path("artifacts"))
    found = [writer.ask(), writer.ask()]
    writer.fail(found[1].number, FAILED)
    writer.fail(found[0].number, LOST)
    found += [writer.ask() for _ in range(3)]
    writer, _ = StudyWriter.open(storage, other, Path("artifacts"))  # as after a kill
    writer.recover()
    drawn = {asked.seed: asked.params for asked in [*found, *(writer.ask() for _ in range(6))]}
    assert drawn == {asked.seed: asked.params for asked in without}
    assert [*drawn] == [seeds.TRAINING + draw for draw in range(6)]


def test_an_interrupt_leaves_finished_trials_alone(storage: BaseStorage) -> None:
    writer = start(storage, baselines={})
    writer.complete(writer.ask().number, 1.0, {})
    writer.ask()
    writer.interrupt()
    writer.interrupt()
    assert [trial.state for trial in writer.trials(*TrialState)] == [TrialState.COMPLETE, TrialState.FAIL]
    assert "interrupted" in writer.trials(*TrialState)[1].user_attrs
