"""A storage whose connection fails, before or after a call was executed."""

import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.storages import BaseStorage, InMemoryStorage
from optuna.trial import TrialState
from sqlalchemy import event
from sqlalchemy.engine import URL

from tuner.errors import StorageFailed
from tuner.study import retrying_storage
from tuner.study.retrying_storage import DatabaseUnavailable, RetryingStorage
from tuner.study.sqlite import is_locked
from tuner.study.storage import open_to_write, parse_url

WRITES = (
    "create_new_study",
    "create_new_trial",
    "set_study_user_attr",
    "set_trial_param",
    "set_trial_user_attr",
    "set_trial_intermediate_value",
    "set_trial_state_values",
)


class Losing:
    """A storage that raises in some calls of a method, before or after executing them."""

    def __init__(self, storage: BaseStorage) -> None:
        self._storage = storage
        self.breaks: dict[str, int] = {}  # how many of the next calls, by method
        self.after = False
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._storage, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            self.calls += 1
            left = self.breaks.get(name, self.breaks.get("everything", 0))
            if left:
                self.breaks[name if name in self.breaks else "everything"] = left - 1
                if self.after:
                    method(*args, **kwargs)
                raise DatabaseUnavailable("the connection is lost")
            return method(*args, **kwargs)

        return call


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying_storage, "_pauses", lambda: iter([0.0, *[0.001] * 10_000]))


@pytest.fixture
def losing() -> Losing:
    return Losing(InMemoryStorage())


@pytest.fixture
def storage(losing: Losing) -> RetryingStorage:
    return RetryingStorage(losing, "there", longest_outage=60.0)  # type: ignore[arg-type]


def work(storage: BaseStorage) -> optuna.Study:
    """A study with an enqueued trial, a sampled one, and a waiting one."""
    study = optuna.create_study(storage=storage, study_name="toy", sampler=optuna.samplers.RandomSampler())
    study.set_user_attr("spec", "a spec")
    study.enqueue_trial({"x": 0.25}, user_attrs={"role": "baseline"})
    for _ in range(2):
        trial = study.ask()
        x = trial.suggest_float("x", 0, 1)
        trial.set_user_attr("seed", trial.number)
        trial.report(x, 1)
        study.tell(trial, x)
    study.enqueue_trial({"x": 0.75}, user_attrs={"retry_of": 0})
    return study


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("times", [1, 3], ids=["once", "thrice"])
@pytest.mark.parametrize("name", [*WRITES, "get_trial", "get_all_trials"])
def test_whatever_is_lost_is_there_once(
    name: str, times: int, after: bool, losing: Losing, storage: RetryingStorage
) -> None:
    losing.breaks, losing.after = {name: times}, after and name in WRITES
    study = work(storage)
    assert losing.breaks[name] < times
    trials = study.get_trials()
    assert [trial.state for trial in trials] == [TrialState.COMPLETE, TrialState.COMPLETE, TrialState.WAITING]
    assert [trial.user_attrs for trial in trials] == [{"role": "baseline", "seed": 0}, {"seed": 1}, {"retry_of": 0}]
    assert trials[0].params == {"x": 0.25}
    assert all(trial.value == trial.params["x"] == trial.intermediate_values[1] for trial in trials[:2])
    assert [study.study_name for study in storage.get_all_studies()] == ["toy"]
    assert study.user_attrs == {"spec": "a spec"}


@pytest.mark.parametrize("number", range(24))
def test_a_break_in_any_call_leaves_the_same(number: int) -> None:
    losing = Losing(InMemoryStorage())
    losing.after = True
    calls = 0

    def count() -> int:
        nonlocal calls
        calls += 1
        return calls

    class Once(dict[str, int]):
        def get(self, key: Any, default: Any = None) -> Any:
            return 1 if count() == number + 1 else 0

        def __setitem__(self, key: str, value: int) -> None: ...

    losing.breaks = Once()
    study = work(RetryingStorage(losing, "there"))  # type: ignore[arg-type]
    assert calls > number
    assert [trial.state.name for trial in study.get_trials()] == ["COMPLETE", "COMPLETE", "WAITING"]


def test_a_trial_of_another_process_is_not_taken_for_ours(losing: Losing, storage: RetryingStorage) -> None:
    study = work(storage)
    optuna.load_study(storage=losing._storage, study_name="toy").enqueue_trial({"x": 0.5}, user_attrs={"mine": True})
    losing.breaks = {"create_new_trial": 1}
    study.enqueue_trial({"x": 0.125}, user_attrs={"mine": False})
    waiting = study.get_trials(states=(TrialState.WAITING,))
    assert [trial.user_attrs for trial in waiting] == [{"retry_of": 0}, {"mine": True}, {"mine": False}]


def test_waiting_and_coming_back_are_said_in_a_line_each(
    losing: Losing, storage: RetryingStorage, caplog: pytest.LogCaptureFixture
) -> None:
    study = work(storage)
    caplog.clear()  # Optuna tells of its new study
    losing.breaks = {"everything": 1}
    study.set_user_attr("spec", "one")  # a short outage is not reported
    assert caplog.messages == []
    losing.breaks = {"everything": 5}
    with caplog.at_level(logging.WARNING):
        study.set_user_attr("spec", "two")
    lost, back = caplog.messages
    assert lost == "database there unavailable (the connection is lost): retrying for up to 60 s"
    assert back.startswith("database there available again after ")


def test_a_long_outage_is_an_error_and_not_waited_for_again(losing: Losing) -> None:
    storage = RetryingStorage(losing, "there", longest_outage=0.05)  # type: ignore[arg-type]
    losing.breaks = {"everything": 10**9}
    message = "database there unavailable: the connection is lost .fix the cause, then rerun to resume"
    with pytest.raises(StorageFailed, match=message):
        storage.get_all_studies()
    calls = losing.calls
    assert calls > 2
    with pytest.raises(StorageFailed, match=message):
        storage.get_all_studies()
    assert losing.calls == calls + 1


def test_ctrl_c_ends_the_waiting_for_good(
    losing: Losing, storage: RetryingStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", interrupt)
    losing.breaks = {"everything": 10**9}
    with pytest.raises(KeyboardInterrupt):
        storage.get_all_studies()
    with pytest.raises(StorageFailed):
        storage.get_all_studies()


def test_pauses_grow_and_are_bounded() -> None:
    pauses = patient_pauses()
    found = [next(pauses) for _ in range(12)]
    assert found == sorted(found)
    assert (found[0], found[-1]) == (0.0, retrying_storage.LONGEST_PAUSE)


patient_pauses = retrying_storage._pauses  # before a test replaces it


def hold(path: Path) -> sqlite3.Connection:
    """Another connection with an open write transaction."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    return connection


def test_a_file_that_is_locked_for_longer_than_a_write_waits_is_retried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuner.study.sqlite.BUSY_TIMEOUT", 0.05)
    study = work(open_to_write(parse_url(f"sqlite:///{tmp_path}/toy.db")))
    holder = hold(tmp_path / "toy.db")
    pauses = iter([0.0, 0.001, 0.001])

    def let_go() -> Any:
        yield from pauses
        holder.rollback()
        yield 0.001

    monkeypatch.setattr(retrying_storage, "_pauses", let_go)
    study.ask().report(0.5, 1)
    holder.close()
    assert [trial.state.name for trial in study.get_trials()] == ["COMPLETE", "COMPLETE", "RUNNING"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("SQLITE_BUSY", True),
        ("SQLITE_BUSY_SNAPSHOT", True),
        ("SQLITE_LOCKED_SHAREDCACHE", True),
        ("SQLITE_ERROR", False),
        ("SQLITE_READONLY", False),
        (None, False),
    ],
)
def test_waiting_is_for_locks_alone(name: str | None, expected: bool) -> None:
    error = sqlite3.OperationalError("whatever it says, in whatever language")
    if name is not None:
        error.sqlite_errorname = name
    assert is_locked(error) is expected


def test_a_lock_of_another_connection_is_known_by_its_code(tmp_path: Path) -> None:
    work(open_to_write(parse_url(f"sqlite:///{tmp_path}/toy.db")))
    holder = hold(tmp_path / "toy.db")
    with sqlite3.connect(tmp_path / "toy.db", timeout=0) as other, pytest.raises(sqlite3.OperationalError) as caught:
        other.execute("UPDATE studies SET study_name = study_name")
    other.close()
    holder.close()
    assert is_locked(caught.value)


def test_optunas_own_retry_makes_no_second_trial(database: URL, monkeypatch: pytest.MonkeyPatch) -> None:
    """Optuna creates a trial again if the commit's answer was lost; it does not catch `DatabaseUnavailable`."""
    storage = open_to_write(database)
    study = work(storage)
    study.tell(study.ask(), 0.5)  # the waiting one
    engine = storage._storage._backend.engine  # type: ignore[attr-defined]
    commit: Callable[[Any], None] = engine.dialect.do_commit
    said: list[str] = []

    def listen(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("INSERT INTO trials "):
            said.append("inserted")

    def done_and_lost(connection: Any) -> None:
        commit(connection)
        if said == ["inserted"]:
            said.append("lost")
            error = engine.dialect.dbapi.OperationalError("database is locked")
            error.sqlite_errorname = "SQLITE_BUSY"
            raise error

    event.listen(engine, "before_cursor_execute", listen)
    monkeypatch.setattr(engine.dialect, "do_commit", done_and_lost)
    study.tell(study.ask(), 0.5)
    assert said == ["inserted", "lost"]
    assert [trial.state for trial in study.get_trials()] == [TrialState.COMPLETE] * 4
