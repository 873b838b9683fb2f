"""Who watches over workers: for how long one may be silent, and how much memory it may take."""

import statistics
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import psutil

LEAST_LIMIT = 60.0  # s
FIRST_LIMIT = 30 * 60.0  # s, until it is known what is usual
TIMES_USUAL = 10
MOST_AT_ONCE = 5.0  # s that count between two looks; more means that this process itself was stopped
ENOUGH_WORDS = 3  # for a median
KEPT_WORDS = 500  # the latest, for it
STOPPED = (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP)


@dataclass(kw_only=True)
class _Silence:
    seconds: float = 0.0
    limit: float | None = None  # None for the usual one


class HangDetector:
    """How long workers have been silent, less the time in which they or this process were stopped.

    A worker is given up after ten times the median of what passes between two of its words, never under a minute, and
    within half an hour while no median is known. Wall time counts, not the processor's: one that blocks uses none.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, *, first: float = FIRST_LIMIT) -> None:
        """Takes the seconds to wait while nothing is known; infinite ones for runs whose words lie hours apart."""
        self._clock = clock
        self._first = first
        self._last_look = clock()
        self._silent: dict[int, _Silence] = {}  # by job
        self._usual: deque[float] = deque(maxlen=KEPT_WORDS)  # s between words

    @property
    def limit(self) -> float:
        """Seconds of silence after which a worker is given up."""
        if len(self._usual) < ENOUGH_WORDS:
            return self._first
        return max(LEAST_LIMIT, TIMES_USUAL * statistics.median(self._usual))

    @property
    def reason(self) -> str:
        """What to say of a worker that is given up."""
        return f"no word from its worker for {self.limit:.0f} s: it was killed"

    def begin(self, job: int, *, loading: bool = False) -> None:
        """From now on a word of this job is awaited: it was started or answered.

        A worker that is still loading its libraries has half an hour, since many may load side by side.
        """
        self._silent[job] = _Silence(limit=self._first if loading else None)

    def heard(self, job: int) -> None:
        """A word came."""
        if (silence := self._silent.pop(job, None)) is not None:
            self._usual.append(silence.seconds)

    def forget(self, job: int) -> None:
        """Its worker died."""
        self._silent.pop(job, None)

    def look(self, stopped: Callable[[int], bool]) -> list[int]:
        """Counts the time since the last look; returns the jobs that were silent for too long.

        Args:
            stopped: Whether the process of a job is stopped just now, as by SIGSTOP.
        """
        now = self._clock()
        passed, self._last_look = min(now - self._last_look, MOST_AT_ONCE), now
        for job, silence in self._silent.items():
            if not stopped(job):
                silence.seconds += passed
        usual = self.limit
        return [job for job, silence in self._silent.items() if silence.seconds > (silence.limit or usual)]


def is_stopped(pid: int) -> bool:
    """Whether a process is stopped by a signal or a debugger."""
    try:
        return psutil.Process(pid).status() in STOPPED
    except psutil.Error:
        return False


def too_much(held: int, limit: int) -> str:
    """What to say of a worker that holds more bytes than it may."""
    return f"its worker held {held / 1e9:.2f} GB, more than the {limit / 1e9:g} GB of --memory: it was killed"


def memory(pid: int) -> int:
    """Bytes that a process and its children hold in memory, 0 where it is gone."""
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
