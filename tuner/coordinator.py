"""The one loop: jobs out of a source into an engine, evaluations and outcomes back."""

import math
import time
from dataclasses import dataclass, field
from typing import Protocol

from tuner.engines.base import Broken, Engine, Evaluated, Event, Finished
from tuner.errors import TooManyFailures
from tuner.records import Decision, Evaluation, TrialJob, TrialOutcome

POLL = 0.5  # s, how often a listener hears of the time passing
MAX_FAILURES_IN_A_ROW = 5


class JobSource(Protocol):
    """Where jobs come from and where their news goes: tuning, or a confirmation."""

    def next_job(self) -> TrialJob | None:
        """The next job, None while there is none to give."""

    def on_evaluation(self, number: int, evaluation: Evaluation) -> Decision:
        """Hears of a checkpoint and says whether to go on."""

    def on_outcome(self, number: int, outcome: TrialOutcome) -> None:
        """Hears how a job ended."""

    def interrupt(self) -> None:
        """Hears that the jobs under way will never end."""


class Listener(Protocol):
    """Who shows what happens."""

    def started(self, job: TrialJob) -> None:
        """A job began."""

    def evaluated(self, number: int, evaluation: Evaluation, decision: Decision) -> None:
        """A job reached a checkpoint and was answered."""

    def finished(self, number: int, outcome: TrialOutcome) -> None:
        """A job ended and is booked."""

    def tick(self) -> None:
        """Time passed."""


def coordinate(
    source: JobSource,
    engine: Engine,
    listener: Listener,
    *,
    last_start: float = math.inf,
    most_failures: int | None = MAX_FAILURES_IN_A_ROW,
) -> None:
    """Runs the source's jobs until it has no more and all have ended.

    Between two jobs that are started, whoever waits for an answer gets it: a proposal takes longer than an answer.
    However it ends, no job is left under way: on Ctrl-C, or when something is broken, those that run are booked as
    interrupted, and the error goes on upwards.

    Args:
        source: Where jobs come from.
        engine: Where they run.
        listener: Who shows what happens.
        last_start: The moment on the monotonic clock after which no job is started; those under way come to their end.
        most_failures: Failures in a row that end the run; None for any number.

    Raises:
        TunerError: what a job raised that no job may raise, or what the source refused to go on with.
        TooManyFailures: after so many failures in a row. What was lost with its node is none.
    """
    run = _JobsUnderWay(source=source, engine=engine, listener=listener, most_failures=most_failures)
    try:
        while True:
            started = len(run.jobs) < engine.workers and time.monotonic() <= last_start and run.start_one()
            if not run.jobs:
                return
            for event in engine.wait(0.0 if started and len(run.jobs) < engine.workers else POLL):
                run.handle(event)
            listener.tick()
    except BaseException:
        source.interrupt()
        raise


@dataclass(kw_only=True)
class _JobsUnderWay:
    """The jobs under way."""

    source: JobSource
    engine: Engine
    listener: Listener
    most_failures: int | None
    jobs: set[int] = field(default_factory=set)
    failures: int = 0  # since the last end without one

    def start_one(self) -> bool:
        """Starts one job where there is one."""
        job = self.source.next_job()
        if job is None:
            return False
        self.jobs.add(job.number)
        self.engine.start(job)
        self.listener.started(job)
        return True

    def handle(self, event: Event) -> None:
        match event:
            case Evaluated(number=number, evaluation=evaluation):
                decision = self.source.on_evaluation(number, evaluation)
                self.engine.answer(number, decision)
                self.listener.evaluated(number, evaluation, decision)
            case Finished(number=number, outcome=outcome):
                self.jobs.discard(number)
                self.source.on_outcome(number, outcome)
                self._count(outcome)
                self.listener.finished(number, outcome)
            case Broken(error=error):
                raise error

    def _count(self, outcome: TrialOutcome) -> None:
        if outcome.state != "failed":
            self.failures = 0
        elif not outcome.lost_with:
            self.failures += 1
        if self.failures == self.most_failures:
            raise TooManyFailures(
                f"{self.failures} failures in a row, at last: {outcome.reason} "
                "(mend the cause, then the same command goes on)"
            )
