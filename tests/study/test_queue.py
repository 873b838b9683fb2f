"""The queue of the service: order, states, and which key each writer writes."""

import optuna
import pytest
from optuna.storages import BaseStorage

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
