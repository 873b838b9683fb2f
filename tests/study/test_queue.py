"""The queue of the service: order, states, and which key each writer writes."""

from typing import Any

import optuna
import pytest
from optuna.storages import BaseStorage

from tuner import __version__
from tuner.errors import NothingToShow
from tuner.study import queue
from tuner.study.queue import Submission


@pytest.fixture
def storage() -> BaseStorage:
    made = optuna.storages.InMemoryStorage()
    for name in "abc":
        optuna.create_study(storage=made, study_name=name)
    return made


def submit(storage: BaseStorage, study: str, trials: int = 4, *, confirm: bool = False) -> Submission:
    return queue.submit(storage, study, trials=trials, confirm=confirm, skip_check=False)


def states(storage: BaseStorage) -> dict[str, str]:
    return {one.study: one.state for one in queue.submissions(storage)}


def test_studies_are_worked_on_in_the_order_of_their_submission(storage: BaseStorage) -> None:
    assert queue.submissions(storage) == []
    for name in "cab":
        submit(storage, name)
    assert [one.study for one in queue.submissions(storage)] == ["c", "a", "b"]
    assert states(storage) == dict.fromkeys("cab", "queued")


def test_the_one_that_was_begun_comes_first_after_a_restart(storage: BaseStorage) -> None:
    first, second = submit(storage, "a"), submit(storage, "b")
    queue.begin(storage, second)
    assert [one.study for one in queue.submissions(storage)] == ["b", "a"]
    queue.end(storage, second, "done")
    queue.begin(storage, first)
    assert states(storage) == {"a": "running", "b": "done"}


def test_a_study_submitted_again_keeps_its_place_and_the_higher_number(storage: BaseStorage) -> None:
    submit(storage, "a", 20, confirm=True)
    submit(storage, "b")
    again = submit(storage, "a", 10)
    assert (again.trials, again.confirm) == (20, True)
    assert [one.study for one in queue.submissions(storage)] == ["a", "b"]
    assert submit(storage, "a", 30).trials == 30


def test_what_ended_can_be_submitted_anew(storage: BaseStorage) -> None:
    first = submit(storage, "a")
    queue.begin(storage, first)
    queue.end(storage, first, "failed", "the gripper fell off")
    [found] = queue.submissions(storage)
    assert (found.state, found.reason, found.open) == ("failed", "the gripper fell off", False)
    submit(storage, "a", 2)
    [found] = queue.submissions(storage)
    assert (found.state, found.trials) == ("queued", 2)


def test_a_study_submitted_again_while_it_runs_is_queued_again(storage: BaseStorage) -> None:
    first = submit(storage, "a", 4)
    queue.begin(storage, first)
    submit(storage, "a", 8)
    queue.end(storage, first, "done")
    [found] = queue.submissions(storage)
    assert (found.state, found.trials) == ("queued", 8)


def test_a_cancelled_one_is_open_no_more_and_who_runs_it_sees_that(storage: BaseStorage) -> None:
    made = submit(storage, "a")
    queue.begin(storage, made)
    assert not queue.is_cancelled(storage, made)
    assert queue.cancel(storage, "a").state == "running"
    assert queue.is_cancelled(storage, made)
    assert states(storage) == {"a": "cancelled"}


def test_a_cancel_reaches_the_run_of_a_study_that_was_submitted_again(storage: BaseStorage) -> None:
    first = submit(storage, "a", 4)
    queue.begin(storage, first)
    submit(storage, "a", 8)
    assert states(storage) == {"a": "running"}
    assert not queue.is_cancelled(storage, first)
    assert queue.cancel(storage, "a").state == "running"
    assert queue.is_cancelled(storage, first)
    queue.end(storage, first, "cancelled")
    assert states(storage) == {"a": "cancelled"}


def test_a_study_that_is_gone_is_told(storage: BaseStorage) -> None:
    made = submit(storage, "a")
    optuna.delete_study(study_name="a", storage=storage)
    with pytest.raises(NothingToShow, match="no longer in the database"):
        queue.begin(storage, made)
    assert queue.submissions(storage) == []


def test_what_is_not_there_cannot_be_cancelled(storage: BaseStorage) -> None:
    with pytest.raises(NothingToShow, match=r"study 'a' is not in the queue \(it is empty\)"):
        queue.cancel(storage, "a")
    submit(storage, "b")
    with pytest.raises(NothingToShow, match="it holds b"):
        queue.cancel(storage, "a")


WELL = {"key": "k", "at": 1.0, "trials": 4, "confirm": False, "skip_check": False}


def test_keys_of_other_versions_are_passed_over_and_the_version_is_kept(storage: BaseStorage) -> None:
    assert submit(storage, "a").version == __version__
    storage.set_study_user_attr(1, queue.ASKED, {**WELL, "version": "9.9", "colour": "red"})
    [read] = [one for one in queue.submissions(storage) if one.study == "b"]
    assert (read.state, read.version, read.trials) == ("queued", "9.9", 4)


@pytest.mark.parametrize(
    "odd",
    [
        None, "later", 3, [], {}, {**WELL, "trials": "4"}, {**WELL, "trials": 0}, {**WELL, "at": float("nan")},
        {**WELL, "at": 10**400}, {**WELL, "confirm": "yes"}, {**WELL, "key": None},
        {name: value for name, value in WELL.items() if name != "skip_check"},
    ],
)  # fmt: skip
def test_an_entry_that_cannot_be_read_has_failed_and_the_others_go_on(storage: BaseStorage, odd: Any) -> None:
    storage.set_study_user_attr(0, queue.ASKED, odd)
    submit(storage, "b")
    assert states(storage) == {"a": "failed", "b": "queued"}
    [failed] = [one for one in queue.submissions(storage) if one.study == "a"]
    assert not failed.open
    assert failed.reason.endswith("submit it again")
    submit(storage, "a")
    assert states(storage) == {"a": "queued", "b": "queued"}


@pytest.mark.parametrize("odd", [3, "x", [], {"key": "k"}, {"key": "k", "state": "flown", "reason": 3, "count": "x"}])
def test_other_entries_that_cannot_be_read_end_nothing(storage: BaseStorage, odd: Any) -> None:
    storage.set_study_user_attr(0, queue.ASKED, WELL)
    for name in (queue.CANCELLED, queue.RUNNING, queue.ENDED, queue.ATTEMPTS):
        storage.set_study_user_attr(0, name, odd)
    [read] = queue.submissions(storage)
    assert queue.begin(storage, read) == 0
    assert not queue.is_cancelled(storage, read)
    assert queue.submissions(storage)[0].state in ("running", "failed")
