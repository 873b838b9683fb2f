"""Couriers: a listener that fails, hangs, dies or is slow costs its own trials and nobody's time."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from listening_toys import Dying, Hanging, Late, Noting, Raising, Unreachable, noted

from tuner.tracking.courier import LONGEST_QUEUE, Courier, close_all
from tuner.tracking.trial_listeners import InstalledListener, TrialListener


def trial(number: int) -> dict[str, Any]:
    return {"number": number, "id": f"trial-{number}", "study": "toy", "state": "complete"}


def told(
    make: Callable[..., TrialListener],
    numbers: Sequence[int],
    *,
    limit: float = 30.0,
    seconds: float = 30.0,
    backlog: Sequence[int] | None = None,
) -> list[tuple[int | None, str]]:
    """Tells a listener of trials; returns those that were missed, with the reasons."""
    earlier = None if backlog is None else [trial(number) for number in backlog]
    courier = Courier("toys", make, backlog=earlier, limit=limit)
    for number in numbers:
        courier.post(trial(number))
    close_all([courier], seconds, lambda _: None)
    return [(one.trial, one.reason) for one in courier.missed]


def test_a_listener_is_made_once_and_told_of_each_trial_in_order() -> None:
    assert told(Noting, range(3)) == []
    assert [(one["number"], one["count"]) for one in noted()] == [(0, 1), (1, 2), (2, 3)]


def test_what_a_listener_raises_is_a_reason_and_the_next_trial_is_told() -> None:
    assert told(Raising, range(4)) == [(1, "ValueError: odd"), (3, "ValueError: odd")]
    assert [one["number"] for one in noted()] == [0, 2]


def test_a_reason_is_one_line_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "s3cr3t-t0ken")
    [(number, reason)] = told(Unreachable, [0])
    assert (number, reason) == (0, "ConnectionError: no route to https://me:***@tracker.example, token ***")


def test_a_process_that_died_is_started_again() -> None:
    assert told(Dying, range(3)) == [(1, "its process died (exit code 3)")]
    assert [(one["number"], one["count"]) for one in noted()] == [(0, 1), (2, 1)]


def test_a_trial_that_takes_too_long_is_given_up() -> None:
    assert told(Hanging, range(2), limit=1.0) == [(0, "took longer than 1 s and was killed")]
    assert [one["number"] for one in noted()] == [1]


def test_the_end_waits_no_longer_than_it_is_given() -> None:
    begun = time.monotonic()
    missed = told(Late, range(3), seconds=4.0)
    assert time.monotonic() - begun < 12
    assert missed == [
        (0, "the run ended before it was done"),
        (1, "the run ended before"),
        (2, "the run ended before"),
    ]


def test_trials_that_a_tracker_does_not_know_are_told_first() -> None:
    assert told(Noting, [0]) == []
    assert told(Noting, [3], backlog=[0, 1, 2]) == []
    assert [one["number"] for one in noted()] == [0, 1, 2, 3]


def test_a_tracker_that_is_down_at_the_end_is_not_asked_again_for_each_trial() -> None:
    missed = told(Unreachable, range(3), backlog=[5])
    assert missed[0][0] is None
    assert {number for number, _ in missed} == {None, 0, 1, 2}
    assert sum("ConnectionError" in reason for _, reason in missed) <= 2


def test_more_trials_than_the_queue_holds_are_missed_at_once() -> None:
    courier = Courier("toys", Late, limit=60.0)
    begun = time.monotonic()
    for number in range(LONGEST_QUEUE + 10):
        courier.post(trial(number))
    assert time.monotonic() - begun < 5
    assert courier.missed[0].reason == f"{LONGEST_QUEUE} trials were waiting already"
    courier.close()
    courier.stop()
    assert len(courier.missed) == LONGEST_QUEUE + 10


@pytest.mark.parametrize("place", ["listening_toys:note", "listening_toys:Noting"], ids=["function", "class"])
def test_a_listener_of_a_package_is_a_function_or_a_class(place: str) -> None:
    courier = Courier("toys", InstalledListener, place)
    courier.post(trial(7))
    close_all([courier], 30.0, lambda _: None)
    assert courier.missed == []
    assert [one["number"] for one in noted()] == [7]


def test_a_listener_that_cannot_be_imported_is_a_reason() -> None:
    courier = Courier("toys", InstalledListener, "no_such_module:Listener")
    courier.post(trial(0))
    close_all([courier], 30.0, lambda _: None)
    assert [one.reason for one in courier.missed] == ["ModuleNotFoundError: No module named 'no_such_module'"]
