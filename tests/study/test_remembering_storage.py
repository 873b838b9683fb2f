"""The cache equals the database after writes, lost answers and interruptions."""

import math
from collections.abc import Callable
from typing import Any

import optuna
import pytest
from optuna import Study
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import InMemoryStorage
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import event
from sqlalchemy.engine import URL, Engine

from tuner.study import retrying_storage
from tuner.study.changes import Changes, End
from tuner.study.remembering_storage import RememberingStorage, remembering
from tuner.study.retrying_storage import RetryingStorage
from tuner.study.storage import open_to_read, open_to_write

SPACE = {
    "learning_rate": FloatDistribution(1e-5, 1e-2, log=True),
    "n_steps": IntDistribution(64, 4096, log=True),
    "net": CategoricalDistribution(("small", "large", None)),
}
ATTRIBUTES: dict[str, Any] = {"success": 0.1 + 0.2, "curve": [{"step": 64, "score": None}], "arguments": {"lr": 3e-4}}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying_storage, "_pauses", lambda: iter([0.0, *[0.001] * 10_000]))


@pytest.fixture
def storage(database: URL) -> RememberingStorage:
    return remembering(open_to_write(database))


@pytest.fixture
def study(storage: RememberingStorage) -> Study:
    sampler = optuna.samplers.RandomSampler(seed=1)
    made = optuna.create_study(storage=storage, study_name="toy", direction="maximize", sampler=sampler)
    made.get_trials(deepcopy=False)
    return made


def engine(storage: RememberingStorage) -> Engine:
    found = storage._storage._engine
    assert found is not None
    return found


def as_the_database_has_it(database: URL) -> list[FrozenTrial]:
    return optuna.load_study(storage=open_to_read(database), study_name="toy").get_trials(deepcopy=False)


def plain(trial: FrozenTrial) -> dict[str, Any]:
    """All fields of a trial, with NaN as a string, since NaN is not equal to itself."""
    reports = {step: "nan" if math.isnan(value) else value for step, value in trial.intermediate_values.items()}
    return {**vars(trial), "intermediate_values": reports}


def same(study: Study, database: URL) -> bool:
    """Whether cache and database agree in all fields, times included."""
    mine, theirs = study.get_trials(deepcopy=False), as_the_database_has_it(database)
    return [plain(trial) for trial in mine] == [plain(trial) for trial in theirs]


def test_memory_and_database_agree_after_every_call(study: Study, database: URL) -> None:
    study.enqueue_trial({"n_steps": 128}, user_attrs={"role": "baseline", "pair": (1, 2)})
    assert same(study, database)
    for end in (lambda t: study.tell(t, 0.1 + 0.2), lambda t: study.tell(t, state=TrialState.PRUNED), None):
        trial = study.ask(SPACE)
        assert same(study, database)
        for key, value in ATTRIBUTES.items():
            trial.set_user_attr(key, value)
        trial.set_user_attr("success", 0.75)  # anew
        trial.report(1 / 3, 64)
        trial.report(float("nan"), 128)
        trial.report(float("inf"), 192)
        trial.report(0.5, 256)
        assert [*as_the_database_has_it(database)[-1].intermediate_values] == [64, 128, 192, 256]
        if end is not None:
            end(trial)
        assert same(study, database)
    assert [trial.state.name for trial in study.get_trials()] == ["COMPLETE", "PRUNED", "RUNNING"]


def test_a_transaction_is_one_commit_and_in_memory_at_once(
    study: Study, storage: RememberingStorage, database: URL
) -> None:
    trial = study.ask(SPACE)
    commits: list[str] = []
    event.listen(engine(storage), "commit", lambda _: commits.append("commit"))
    with storage.transaction():
        for key, value in ATTRIBUTES.items():
            trial.set_user_attr(key, value)
        trial.report(0.25, 64)
        study.tell(trial, 0.5)
        assert study.get_trials()[0].state == TrialState.COMPLETE
        assert as_the_database_has_it(database)[0].user_attrs == {}
    assert commits == ["commit"]
    assert same(study, database)
    assert as_the_database_has_it(database)[0].user_attrs == ATTRIBUTES


def test_what_is_interrupted_is_neither_written_nor_cached(
    study: Study, storage: RememberingStorage, database: URL
) -> None:
    trial = study.ask(SPACE)

    def break_off() -> None:
        with storage.transaction():
            trial.set_user_attr("success", 1.0)
            study.tell(trial, 0.5)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_off()
    (left,) = study.get_trials()
    assert (left.state, left.user_attrs) == (TrialState.RUNNING, {})
    assert same(study, database)


def lose_commits(storage: RememberingStorage, monkeypatch: pytest.MonkeyPatch, *, done: bool) -> list[str]:
    """Makes the next commit raise, before or after the database executed it."""
    dialect = engine(storage).dialect
    commit: Callable[[Any], None] = dialect.do_commit
    said: list[str] = []

    def broken(connection: Any) -> None:
        if said:
            commit(connection)
            return
        said.append("lost")
        if done:
            commit(connection)
        assert dialect.dbapi is not None
        error = dialect.dbapi.OperationalError("database is locked")
        error.sqlite_errorname = "SQLITE_BUSY"  # type: ignore[attr-defined]
        raise error

    monkeypatch.setattr(dialect, "do_commit", broken)
    return said


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("what", ["end", "parameters", "report"])
def test_a_transaction_whose_answer_is_lost_is_there_once(
    what: str, done: bool, study: Study, storage: RememberingStorage, database: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = study.ask(SPACE if what != "parameters" else None)
    said = lose_commits(storage, monkeypatch, done=done)
    with storage.transaction():
        if what == "parameters":
            for name, distribution in SPACE.items():
                trial._suggest(name, distribution)
        if what == "end":
            trial.set_user_attr("success", 1.0)
            study.tell(trial, 0.5)
        trial.report(0.25, 64) if what == "report" else None
    assert said == ["lost"]
    assert same(study, database)
    (found,) = as_the_database_has_it(database)
    assert found.state == (TrialState.COMPLETE if what == "end" else TrialState.RUNNING)
    assert found.params.keys() == SPACE.keys()
    assert found.intermediate_values == ({64: 0.25} if what == "report" else {})


def test_the_database_is_not_read_again(
    study: Study, storage: RememberingStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    trials = [study.ask(SPACE) for _ in range(5)]
    monkeypatch.setattr(RetryingStorage, "get_all_trials", lambda *_, **__: pytest.fail("all trials were read"))
    trials[0].report(0.5, 64)
    assert not trials[0].should_prune()
    study.tell(trials[0], 0.5)
    study.ask(SPACE)
    states = [trial.state for trial in study.get_trials()]
    assert states == [TrialState.COMPLETE, *[TrialState.RUNNING] * 5]
    assert [trial.number for trial in study.get_trials(states=(TrialState.RUNNING,))] == [1, 2, 3, 4, 5]
    assert study.get_trials(states=(TrialState.WAITING,)) == []


def test_what_was_handed_out_stays_as_it_was(study: Study) -> None:
    trial = study.ask(SPACE)
    (before,) = study.get_trials(deepcopy=False)
    mine = study._storage.get_trial(trial._trial_id)
    mine.intermediate_values[64] = 9.0  # Optuna writes into what it is given
    trial.report(0.5, 64)
    trial.set_user_attr("success", 1.0)
    study.tell(trial, 0.5)
    assert (before.state, before.intermediate_values, before.user_attrs) == (TrialState.RUNNING, {}, {})
    assert study.get_trials()[0].intermediate_values == {64: 0.5}


def test_a_trial_that_another_process_ended_takes_no_more_changes(
    study: Study, storage: RememberingStorage, database: URL
) -> None:
    trial = study.ask(SPACE)
    optuna.load_study(storage=open_to_write(database), study_name="toy").tell(0, state=TrialState.FAIL)
    with pytest.raises(UpdateFinishedTrialError):
        trial.report(0.5, 64)
    assert same(study, database)
    assert study.get_trials()[0].state == TrialState.FAIL


def test_a_trial_that_another_process_made_is_read(study: Study, database: URL) -> None:
    study.ask(SPACE)
    optuna.load_study(storage=open_to_write(database), study_name="toy").enqueue_trial({"n_steps": 256})
    study.ask(SPACE)
    assert same(study, database)
    assert len(study.get_trials()) == 3


def test_another_distribution_of_a_name_is_refused(study: Study) -> None:
    study.tell(study.ask(SPACE), 0.5)
    with pytest.raises(ValueError, match="CategoricalDistribution does not support dynamic value space"):
        study.ask({"net": CategoricalDistribution(("small", "huge"))})


def test_only_a_storage_opened_for_writing_is_wrapped() -> None:
    with pytest.raises(TypeError, match="InMemoryStorage is not a storage that was opened for writing"):
        remembering(InMemoryStorage())


def test_a_trial_that_is_not_there_cannot_be_written(storage: RememberingStorage) -> None:
    with pytest.raises(KeyError, match="there is no trial 9"):
        storage._storage.write(Changes(trial_id=9, reports={64: 0.5}))


@pytest.mark.parametrize(
    ("state", "values", "expected"),
    [
        pytest.param(TrialState.COMPLETE, [0.5], True, id="the same"),
        pytest.param(TrialState.COMPLETE, [0.25], False, id="another value"),
        pytest.param(TrialState.PRUNED, None, False, id="another state"),
        pytest.param(TrialState.COMPLETE, None, True, id="no value of its own"),
    ],
)
def test_an_end_knows_its_trial(state: TrialState, values: list[float] | None, expected: bool, study: Study) -> None:
    study.tell(study.ask(SPACE), 0.5)
    (trial,) = study.get_trials()
    assert trial.datetime_complete is not None
    assert End(state=state, values=values, at=trial.datetime_complete).is_of(trial) is expected
