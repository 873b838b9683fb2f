"""HangDetector with a fake clock; the memory of a process."""

import os
import signal
import subprocess
import sys
import time

import pytest

from tuner.engines.hang_detector import FIRST_LIMIT, LEAST_LIMIT, HangDetector, is_stopped, memory


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def detector(clock: Clock) -> HangDetector:
    return HangDetector(clock)


def wait(
    detector: HangDetector, clock: Clock, seconds: float, *, stopped: bool = False, step: float = 1.0
) -> list[int]:
    """Checks once a step; returns the unresponsive jobs of the last check."""
    end, found = clock.now + seconds, list[int]()
    while clock.now < end:
        clock.now += step
        found = detector.unresponsive(lambda _: stopped)
    return found


def teach(detector: HangDetector, clock: Clock, seconds: float) -> None:
    """Three messages, each after `seconds`."""
    for _ in range(3):
        detector.begin(99)
        wait(detector, clock, seconds)
        detector.message_received(99)


def test_before_a_median_is_known_a_worker_has_half_an_hour(detector: HangDetector, clock: Clock) -> None:
    detector.begin(7)
    assert wait(detector, clock, FIRST_LIMIT) == []
    assert wait(detector, clock, 2) == [7]


@pytest.mark.parametrize(("usual", "limit"), [(2, LEAST_LIMIT), (20, 200.0)], ids=["a minute at least", "tenfold"])
def test_then_it_has_ten_times_the_median(detector: HangDetector, clock: Clock, usual: float, limit: float) -> None:
    teach(detector, clock, usual)
    assert detector.limit == limit
    detector.begin(7)
    assert wait(detector, clock, limit) == []
    assert wait(detector, clock, 2) == [7]


def test_a_message_ends_a_wait_and_so_does_a_death(detector: HangDetector, clock: Clock) -> None:
    teach(detector, clock, 1)
    detector.begin(7)
    detector.begin(8)
    wait(detector, clock, 50)
    detector.message_received(7)
    detector.forget(8)
    assert wait(detector, clock, 50) == []


def test_a_worker_that_loads_has_half_an_hour_whatever_the_median(detector: HangDetector, clock: Clock) -> None:
    teach(detector, clock, 1)
    detector.begin(7, loading=True)
    assert wait(detector, clock, 300) == []
    detector.begin(7)
    assert wait(detector, clock, 62) == [7]


def test_without_a_first_limit_no_worker_is_unresponsive(clock: Clock) -> None:
    detector = HangDetector(clock, first=float("inf"))
    detector.begin(7)
    assert wait(detector, clock, 20 * FIRST_LIMIT, step=5) == []


def test_the_time_in_which_a_worker_is_stopped_does_not_count(detector: HangDetector, clock: Clock) -> None:
    teach(detector, clock, 1)
    detector.begin(7)
    assert wait(detector, clock, 600, stopped=True) == []
    assert wait(detector, clock, 50) == []
    assert wait(detector, clock, 15) == [7]


def test_nor_does_that_without_a_check(detector: HangDetector, clock: Clock) -> None:
    teach(detector, clock, 1)
    detector.begin(7)
    assert wait(detector, clock, 3600, step=3600) == []  # the coordinator was stopped for an hour
    assert wait(detector, clock, 50) == []
    assert wait(detector, clock, 15) == [7]


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
