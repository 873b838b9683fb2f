"""A limit of time round any source of jobs."""

import math
import time

from tuner.coordinator import JobSource
from tuner.records import Decision, Evaluation, TrialJob, TrialOutcome


class TimeLimit:
    """A source that gives no job which would likely end after its time; those under way come to their end."""

    def __init__(self, source: JobSource, *, deadline: float | None, seconds: float) -> None:
        """Takes the end on the monotonic clock, None for no limit, and the seconds of a typical job."""
        self._source = source
        self._last_start = math.inf if deadline is None else deadline - seconds

    def next_job(self) -> TrialJob | None:
        """The source's next job while there is time for one."""
        return None if time.monotonic() > self._last_start else self._source.next_job()

    def on_evaluation(self, number: int, evaluation: Evaluation) -> Decision:
        """The source's answer."""
        return self._source.on_evaluation(number, evaluation)

    def on_outcome(self, number: int, outcome: TrialOutcome) -> None:
        """Passes it on."""
        self._source.on_outcome(number, outcome)

    def interrupt(self) -> None:
        """Passes it on."""
        self._source.interrupt()


def deadline(minutes: float | None) -> float | None:
    """The moment on the monotonic clock when so many minutes from now are over; None without a limit."""
    return None if minutes is None else time.monotonic() + minutes * 60
