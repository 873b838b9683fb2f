"""Patience with silent workers, by a clock of the test's own; what a process holds in memory."""

import os
import signal
import subprocess
import sys
import time

import pytest

from tuner.engines.watching import FIRST_PATIENCE, LEAST_PATIENCE, Patience, is_stopped, memory


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def patience(clock: Clock) -> Patience:
    return Patience(clock)


def wait(patience: Patience, clock: Clock, seconds: float, *, stopped: bool = False, step: float = 1.0) -> list[int]:
    """Looks once a step; returns who was silent for too long at last."""
    end, found = clock.now + seconds, list[int]()
    while clock.now < end:
        clock.now += step
        found = patience.look(lambda _: stopped)
    return found


def teach(patience: Patience, clock: Clock, seconds: float) -> None:
    """Three words, each after so many seconds."""
    for _ in range(3):
        patience.begin(99)
        wait(patience, clock, seconds)
        patience.heard(99)


def test_before_anything_is_usual_a_worker_has_half_an_hour(patience: Patience, clock: Clock) -> None:
    patience.begin(7)
    assert wait(patience, clock, FIRST_PATIENCE) == []
    assert wait(patience, clock, 2) == [7]


@pytest.mark.parametrize(("usual", "limit"), [(2, LEAST_PATIENCE), (20, 200.0)], ids=["a minute at least", "tenfold"])
def test_then_it_has_ten_times_the_median(patience: Patience, clock: Clock, usual: float, limit: float) -> None:
    teach(patience, clock, usual)
    assert patience.limit == limit
    patience.begin(7)
    assert wait(patience, clock, limit) == []
    assert wait(patience, clock, 2) == [7]


def test_a_word_ends_a_silence_and_so_does_a_death(patience: Patience, clock: Clock) -> None:
    teach(patience, clock, 1)
    patience.begin(7)
    patience.begin(8)
    wait(patience, clock, 50)
    patience.heard(7)
    patience.forget(8)
    assert wait(patience, clock, 50) == []


def test_a_worker_that_loads_has_half_an_hour_whatever_is_usual(patience: Patience, clock: Clock) -> None:
    teach(patience, clock, 1)
    patience.begin(7, loading=True)
    assert wait(patience, clock, 300) == []
    patience.begin(7)
    assert wait(patience, clock, 62) == [7]


def test_with_words_hours_apart_nobody_is_given_up(clock: Clock) -> None:
    patience = Patience(clock, first=float("inf"))
    patience.begin(7)
    assert wait(patience, clock, 20 * FIRST_PATIENCE, step=5) == []


def test_the_time_in_which_a_worker_is_stopped_does_not_count(patience: Patience, clock: Clock) -> None:
    teach(patience, clock, 1)
    patience.begin(7)
    assert wait(patience, clock, 600, stopped=True) == []
    assert wait(patience, clock, 50) == []
    assert wait(patience, clock, 15) == [7]


def test_nor_does_that_in_which_nobody_looked(patience: Patience, clock: Clock) -> None:
    teach(patience, clock, 1)
    patience.begin(7)
    assert wait(patience, clock, 3600, step=3600) == []  # the coordinator was stopped for an hour
    assert wait(patience, clock, 50) == []
    assert wait(patience, clock, 15) == [7]


def test_a_process_is_seen_stopped_and_its_memory_with_its_childrens() -> None:
    child = subprocess.Popen([sys.executable, "-c", "held = bytearray(60_000_000); input()"], stdin=subprocess.PIPE)
    try:
        deadline = time.monotonic() + 60
        while memory(child.pid) < 60_000_000 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert 60_000_000 < memory(child.pid) < 200_000_000
        assert memory(os.getpid()) > memory(child.pid)
        assert not is_stopped(child.pid)
        child.send_signal(signal.SIGSTOP)
        while not is_stopped(child.pid) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert is_stopped(child.pid)
    finally:
        child.kill()
        child.communicate()
    assert not is_stopped(child.pid)
    assert memory(child.pid) == 0
