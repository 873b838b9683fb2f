"""The main loop: passes jobs from a source to an engine, and evaluations and outcomes back."""

import math
import time
from dataclasses import dataclass, field
from typing import Protocol

from tuner.engines.base import Broken, Engine, Evaluated, Event, Finished
from tuner.errors import TooManyFailures
from tuner.records import Decision, Evaluation, TrialJob, TrialOutcome

POLL = 0.5  # s between two calls of `Listener.tick`
MAX_FAILURES_IN_A_ROW = 5


class JobSource(Protocol):
    """Supplies jobs and receives their results: tuning, a confirmation, a comparison or final training."""

    def next_job(self) -> TrialJob | None:
        """The next job, None while there is none to start."""

    def on_evaluation(self, number: int, evaluation: Evaluation) -> Decision:
        """Receives an evaluation and decides whether the job continues."""

    def on_outcome(self, number: int, outcome: TrialOutcome) -> None:
        """Receives the outcome of a job."""

    def interrupt(self) -> None:
        """Records the running jobs as interrupted."""


class Listener(Protocol):
    """Shows progress."""

    def started(self, job: TrialJob) -> None:
        """A job was started."""

    def evaluated(self, number: int, evaluation: Evaluation, decision: Decision) -> None:
        """A job reached a checkpoint and got its decision."""

    def finished(self, number: int, outcome: TrialOutcome) -> None:
        """A job ended and its outcome is stored."""

    def tick(self) -> None:
        """Called about every `POLL` seconds."""


def coordinate(
    source: JobSource,
    engine: Engine,
    listener: Listener,
    *,
    last_start: float = math.inf,
    most_failures: int | None = MAX_FAILURES_IN_A_ROW,
) -> None:
    """Runs the source's jobs until it has no more and all have ended.

    Evaluations are answered between two starts, since sampling parameters takes longer than a decision. On Ctrl-C or
    an error, running jobs are recorded as interrupted and the error is raised.

    Args:
        source: Supplies the jobs.
        engine: Runs them.
        listener: Shows progress.
        last_start: Time on the monotonic clock after which no job is started; running jobs finish.
        most_failures: Failures in a row that end the run; None for no limit.

    Raises:
        TunerError: if a job raised an error that is not an outcome, or the source raised.
        TooManyFailures: after `most_failures` failures in a row; a trial lost with its node is not counted.
    """
    run = _RunningJobs(source=source, engine=engine, listener=listener, most_failures=most_failures)
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
class _RunningJobs:
    """The running jobs and the count of failures in a row."""

    source: JobSource
    engine: Engine
    listener: Listener
    most_failures: int | None
    jobs: set[int] = field(default_factory=set)
    failures: int = 0  # since the last job that did not fail

    def start_one(self) -> bool:
        """Starts the next job; False if there is none."""
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
            ends = " or let it end its episode with `environment: {on_error: end_episode}`," * (
                " raised in step" in outcome.reason
            )
            raise TooManyFailures(
                f"{self.failures} failures in a row, last reason: {outcome.reason} "
                f"(fix the cause,{ends} then rerun to resume)"
            )
