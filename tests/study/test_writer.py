"""The study writer: creating, resuming, refusing, recovering, telling."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest
from opened_writers import make_spec, start
from optuna.artifacts import get_all_artifact_meta
from optuna.storages import BaseStorage
from optuna.trial import TrialState
from sqlalchemy import event
from sqlalchemy.engine import URL

from tuner import seeds
from tuner.errors import NothingToShow, StudyDiffers, UnknownName
from tuner.records import TrialOutcome
from tuner.study.history import HistoryStorage
from tuner.study.storage import open_to_write
from tuner.study.stored import load_stored, meaning_hash
from tuner.study.writer import StudyWriter

FAILED = TrialOutcome(state="failed", reason="for a reason")
LOST = TrialOutcome(state="failed", reason="a node is gone", lost_with="node 1")


@pytest.fixture
def storage(database: URL) -> BaseStorage:
    return open_to_write(database)


def test_a_new_study_carries_its_whole_spec(storage: BaseStorage) -> None:
    spec = make_spec()
    _, changes = StudyWriter.open(storage, spec, Path("artifacts"))
    study, stored = load_stored(storage, "toy")
    assert changes == []
    assert stored == spec
    assert study.user_attrs["meaning"] == meaning_hash(spec)
    assert study.user_attrs["seeds"] == seeds.plan()
    assert study.direction == optuna.study.StudyDirection.MAXIMIZE


def test_a_study_is_resumed(storage: BaseStorage) -> None:
    writer = start(storage, baselines={})
    writer.complete(writer.ask().number, 0.5, {"success": 0.4})
    again, changes = StudyWriter.open(storage, make_spec(baselines={}), Path("artifacts"))
    assert changes == []
    assert (again.count_finished(), again.best(), again.ask().number) == (1, (0.5, 0.4), 1)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({"sampler": "random"}, [("sampler", "tpe", "random")], id="sampler"),
        pytest.param({"pruner": "none", "trials": 9}, [("pruner", "median", "none"), ("trials", 4, 9)], id="two"),
    ],
)
def test_a_harmless_change_is_reported_once(
    changes: dict[str, Any], said: list[tuple[str, Any, Any]], storage: BaseStorage
) -> None:
    start(storage)
    spec = make_spec(**changes)
    _, reported = StudyWriter.open(storage, spec, Path("artifacts"))
    assert [(one.name, one.before, one.now) for one in reported] == said
    assert load_stored(storage, "toy")[1] == spec
    assert StudyWriter.open(storage, spec, Path("artifacts"))[1] == []


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        pytest.param({"goals": {"early": 3, "late": 9}}, "goals.late: stored 4, now 9", id="goals"),
        pytest.param({"objective": "return"}, 'objective: stored "success", now "return"', id="objective"),
        pytest.param(
            {"environment": {"id": "tuner_toys:ToyLine-v0", "kwargs": {"scale": 2.0}}},
            "environment.kwargs.scale: stored nothing, now 2.0",
            id="environment",
        ),
        pytest.param(
            {"space_changes": {"learning_rate": {"high": 1e-3}}},
            "space.learning_rate.high: stored 0.01, now 0.001",
            id="range",
        ),
    ],
)
def test_a_different_configuration_is_refused_with_the_difference(
    changes: dict[str, Any], difference: str, storage: BaseStorage
) -> None:
    start(storage)
    before = load_stored(storage, "toy")[1]
    with pytest.raises(StudyDiffers) as caught:
        StudyWriter.open(storage, make_spec(**changes), Path("artifacts"))
    assert difference in caught.value.differences
    assert "--name" in str(caught.value)
    assert load_stored(storage, "toy")[1] == before


def holding_a_trial(storage: BaseStorage) -> None:
    study = optuna.create_study(storage=storage, study_name="toy", direction="maximize")
    study.tell(study.ask(), 1.0)


def minimised(storage: BaseStorage) -> None:
    optuna.create_study(storage=storage, study_name="toy", direction="minimize")


@pytest.mark.parametrize("make", [holding_a_trial, minimised])
def test_a_study_of_another_program_is_refused(make: Callable[[BaseStorage], None], storage: BaseStorage) -> None:
    make(storage)
    with pytest.raises(StudyDiffers, match="'toy'"):
        StudyWriter.open(storage, make_spec(), Path("artifacts"))


def test_what_is_not_there_or_not_ours_is_not_shown(storage: BaseStorage) -> None:
    with pytest.raises(UnknownName, match="it is empty"):
        load_stored(storage, "toy")
    holding_a_trial(storage)
    with pytest.raises(NothingToShow, match="not made by tuner"):
        load_stored(storage, "toy")


def test_baselines_run_first_with_all_their_arguments(storage: BaseStorage) -> None:
    writer = start(storage)
    current, proposed, sampled = writer.ask(), writer.ask(), writer.ask()
    assert (current.role, proposed.role, sampled.role) == ("baseline:current", "baseline:proposed", None)
    assert proposed.params == {"learning_rate": 1e-4, "n_steps": 64, "batch_size": 16}
    assert proposed.overrides == {"n_epochs": 2}  # neither searched nor a device
    assert [asked.seed for asked in (current, proposed, sampled)] == [seeds.TRAINING + n for n in range(3)]
    assert writer.trials(*TrialState)[1].user_attrs["device_asked"] == "cuda"


@pytest.mark.parametrize("state", ["waiting", "running", "completed", "pruned"])
def test_a_baseline_that_is_there_is_not_enqueued_again(state: str, storage: BaseStorage) -> None:
    writer = start(storage)
    if state != "waiting":
        asked = [writer.ask(), writer.ask()]
        for one in asked if state != "running" else []:
            writer.complete(one.number, 0.5, {}) if state == "completed" else writer.prune(one.number, {})
    writer.enqueue_baselines()
    assert len(writer.trials(*TrialState)) == 2


def test_attributes_reports_and_model_are_there_when_a_trial_is_told(storage: BaseStorage, tmp_path: Path) -> None:
    (tmp_path / "model.zip").write_bytes(b"a model")
    writer = start(storage, baselines={})
    number = writer.ask().number
    writer.report(number, 0.25, 64)
    writer.store_model(number, tmp_path / "model.zip")
    writer.complete(number, 0.5, {"success": 0.4, "seconds": 2.0})
    (trial,) = writer.trials(TrialState.COMPLETE)
    (artifact,) = get_all_artifact_meta(trial, storage=storage)
    assert (trial.value, trial.intermediate_values, trial.user_attrs["success"]) == (0.5, {64: 0.25}, 0.4)
    assert (tmp_path / "artifacts" / artifact.artifact_id).read_bytes() == b"a model"
    assert writer.full_trial_seconds() == [2.0]


def test_a_sampled_trial_and_an_end_are_a_transaction_each(storage: BaseStorage) -> None:
    writer = start(storage, baselines={})
    engine = storage._engine  # type: ignore[attr-defined]
    commits: list[None] = []
    event.listen(engine, "commit", lambda _: commits.append(None))
    with writer.transaction():
        number = writer.ask().number
    asked = len(commits)
    writer.complete(number, 0.5, {f"attribute {n}": n for n in range(20)})
    assert asked <= 4  # the trial's making is Optuna's: its reads end in a commit as well
    assert len(commits) == asked + 1
    assert len(load_stored(storage, "toy")[0].trials[0].user_attrs) == 21


@pytest.mark.parametrize("value", [float("nan"), float("inf")], ids=str)
def test_a_value_that_is_not_finite_is_never_told(value: float, storage: BaseStorage) -> None:
    writer = start(storage, baselines={})
    with pytest.raises(ValueError, match="the value of trial 0 is"):
        writer.complete(writer.ask().number, value, {})
    assert writer.count_finished() == 0


def test_what_is_told_is_counted_without_reading_it_back(storage: BaseStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    start(storage, baselines={})
    writer = start(storage, baselines={})
    for value in (0.25, 0.75, 0.5, 0.75):
        writer.complete(writer.ask().number, value, {"success": value / 2, "order": value})
    writer.prune(writer.ask().number, {})
    again = start(storage, baselines={})
    for counted in (writer, again):
        assert (counted.count_finished(), counted.best()) == (5, (0.75, 0.375))
    monkeypatch.setattr(again, "trials", lambda *states: pytest.fail("the history was looked through"))
    assert (again.count_finished(), again.best()) == (5, (0.75, 0.375))


def test_the_history_is_read_once(storage: BaseStorage, database: URL, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = start(storage, baselines={}, sampler="random")
    for _ in range(30):
        writer.prune(writer.ask().number, {})
    read: list[int] = []
    original = HistoryStorage._get_trials

    def counting(self: HistoryStorage, *args: Any, **kwargs: Any) -> Any:
        trials = original(self, *args, **kwargs)
        read.append(len(trials))
        return trials

    monkeypatch.setattr(HistoryStorage, "_get_trials", counting)
    again = start(open_to_write(database), baselines={}, sampler="random")
    number = again.ask().number
    again.report(number, 0.5, 64)
    again.should_prune(number)
    again.complete(number, 0.5, {})
    again.ask()
    assert read[0] == 30
    assert max(read[1:]) <= 2


def test_counts_name_every_state(storage: BaseStorage) -> None:
    writer = start(storage)  # two baselines wait
    writer.complete(writer.ask().number, 0.5, {})
    writer.prune(writer.ask().number, {"reason": "it diverged"})
    writer.fail(writer.ask().number, FAILED)  # waits again
    assert writer.reader().counts() == {
        "running": 0,
        "complete": 1,
        "pruned": 1,
        "fail": 1,
        "waiting": 1,
        "interrupted": 0,
    }
    assert writer.count_finished() == 2
