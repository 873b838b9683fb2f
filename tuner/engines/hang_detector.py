"""Detects unresponsive workers, and measures the memory of processes."""

import statistics
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import psutil

LEAST_LIMIT = 60.0  # s
FIRST_LIMIT = 30 * 60.0  # s, before enough intervals are known
TIMES_MEDIAN = 10
MOST_AT_ONCE = 5.0  # s counted between two checks; more means that this process itself was stopped
ENOUGH_INTERVALS = 3  # for a median
KEPT_INTERVALS = 500  # the latest
STOPPED = (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP)


@dataclass(kw_only=True)
class _Wait:
    loading: bool
    seconds: float = 0.0  # without a sign of life
    total: float = 0.0  # since it began


class HangDetector:
    """Measures how long workers have given no sign of life, without the time in which they or this process stood still.

    Evaluations are signs, and so are environment steps and updates, of which workers tell every few seconds. A worker
    is unresponsive after ten times the median interval between evaluations, at least a minute, or after half an hour
    while no median is known, or after a limit of the user's. Wall time counts, since a blocked worker uses no CPU time.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        *,
        first: float = FIRST_LIMIT,
        timeout: float | None = None,
    ) -> None:
        """Makes one that waits for nothing yet.

        Args:
            clock: Seconds.
            first: The limit in seconds before a median is known.
            timeout: A limit in seconds that the user set; infinite for none.
        """
        self._clock = clock
        self._first = first
        self._timeout = timeout
        self._last_check = clock()
        self._waits: dict[int, _Wait] = {}  # by job
        self._intervals: deque[float] = deque(maxlen=KEPT_INTERVALS)  # s between evaluations

    @property
    def limit(self) -> float:
        """Seconds without a sign of life after which a worker that has loaded is unresponsive."""
        if self._timeout is not None:
            return self._timeout
        if len(self._intervals) < ENOUGH_INTERVALS:
            return self._first
        return max(LEAST_LIMIT, TIMES_MEDIAN * statistics.median(self._intervals))

    def _limit(self, wait: _Wait) -> float:
        return max(self._first, self.limit) if wait.loading else self.limit

    def reason(self, job: int) -> str:
        """Why the worker of a job is killed, with the limit that applied."""
        wait = self._waits[job]
        if wait.loading:
            why = "the limit while it loads"
        elif self._timeout is not None:
            why = "--hang-timeout"
        elif len(self._intervals) < ENOUGH_INTERVALS:
            why = "the limit while no trial has been evaluated three times"
        else:
            why = f"{TIMES_MEDIAN} times the median between evaluations, at least {LEAST_LIMIT:.0f} s"
        way_out = "" if self._timeout is not None else "; --hang-timeout SECONDS or off changes it"
        said = f"worker unresponsive for {self._limit(wait):.0f} s: no environment step, update or evaluation"
        return f"{said} ({why}{way_out}); killed"

    def begin(self, job: int, *, loading: bool = False) -> None:
        """Starts waiting for the job's next message: it was started or answered.

        A worker that is still loading its libraries has half an hour, since many may load in parallel.
        """
        self._waits[job] = _Wait(loading=loading)

    def sign(self, job: int) -> None:
        """Records that the worker has stepped or updated something."""
        if (wait := self._waits.get(job)) is not None:
            wait.seconds, wait.loading = 0.0, False

    def message_received(self, job: int) -> None:
        """Records the interval and stops waiting."""
        if (wait := self._waits.pop(job, None)) is not None:
            self._intervals.append(wait.total)

    def forget(self, job: int) -> None:
        """Stops waiting, without recording the interval."""
        self._waits.pop(job, None)

    def unresponsive(self, stopped: Callable[[int], bool]) -> list[int]:
        """Adds the time since the last call; returns the jobs with unresponsive workers.

        Args:
            stopped: Whether the process of a job is stopped now, as by SIGSTOP.
        """
        now = self._clock()
        passed, self._last_check = min(now - self._last_check, MOST_AT_ONCE), now
        for job, wait in self._waits.items():
            if not stopped(job):
                wait.seconds += passed
                wait.total += passed
        return [job for job, wait in self._waits.items() if wait.seconds > self._limit(wait)]


def is_stopped(pid: int) -> bool:
    """Whether a process is stopped by a signal or a debugger."""
    try:
        return psutil.Process(pid).status() in STOPPED
    except psutil.Error:
        return False


def too_much(held: int, limit: int) -> str:
    """The failure reason of a worker that uses more bytes of memory than `limit`."""
    return f"worker used {held / 1e9:.2f} GB, over the --memory limit of {limit / 1e9:g} GB; killed"


def memory(pid: int) -> int:
    """Resident bytes of a process and its children; 0 if it has ended."""
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    except psutil.Error:
        return 0
    return sum(_resident(member) for member in family)


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0
