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


def test_a_sign_of_life_begins_the_wait_anew_and_the_median_counts_the_whole(
    detector: HangDetector, clock: Clock
) -> None:
    for _ in range(3):
        detector.begin(99)
        for _ in range(10):
            wait(detector, clock, 3)
            detector.sign(99)
        detector.message_received(99)
    assert detector.limit == 300.0
    detector.begin(7)
    for _ in range(5):
        assert wait(detector, clock, 290) == []
        detector.sign(7)
    assert wait(detector, clock, 302) == [7]


@pytest.mark.parametrize("seconds", [5.0, float("inf")])
def test_a_limit_of_the_users_holds_whatever_the_median(clock: Clock, seconds: float) -> None:
    detector = HangDetector(clock, timeout=seconds)
    teach(detector, clock, 1)
    detector.begin(7)
    assert wait(detector, clock, 5) == []
    assert wait(detector, clock, 1000) == ([7] if seconds == 5.0 else [])


def test_the_reason_names_the_limit_that_applied(clock: Clock) -> None:
    detector = HangDetector(clock)
    detector.begin(7, loading=True)
    assert "(the limit while it loads; --hang-timeout SECONDS or off changes it); killed" in detector.reason(7)
    detector.begin(7)
    assert "for 1800 s: no environment step, update or evaluation (the limit while no trial" in detector.reason(7)
    teach(detector, clock, 20)
    assert "for 200 s" in detector.reason(7)
    assert "10 times the median between evaluations, at least 60 s" in detector.reason(7)
    own = HangDetector(clock, timeout=5.0)
    own.begin(7)
    assert own.reason(7).endswith("(--hang-timeout); killed")


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
