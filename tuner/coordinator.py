"""The one loop: jobs out of a source into an engine, evaluations and outcomes back."""

from typing import Protocol

from tuner.engines.base import Broken, Engine, Evaluated, Event, Finished
from tuner.records import Decision, Evaluation, TrialJob, TrialOutcome

POLL = 0.5  # s, how often a listener hears of the time passing


class JobSource(Protocol):
    """Where jobs come from and where their news goes: tuning, or a confirmation."""

    def next_job(self) -> TrialJob | None:
        """The next job, None while there is none to give."""
        ...

    def on_evaluation(self, number: int, evaluation: Evaluation) -> Decision:
        """Hears of a checkpoint and says whether to go on."""
        ...

    def on_outcome(self, number: int, outcome: TrialOutcome) -> None:
        """Hears how a job ended."""
        ...

    def interrupt(self) -> None:
        """Hears that the jobs under way will never end."""
        ...


class Listener(Protocol):
    """Who shows what happens."""

    def started(self, job: TrialJob) -> None:
        """A job began."""
        ...

    def evaluated(self, number: int, evaluation: Evaluation, decision: Decision) -> None:
        """A job reached a checkpoint and was answered."""
        ...

    def finished(self, number: int, outcome: TrialOutcome) -> None:
        """A job ended and is booked."""
        ...

    def tick(self) -> None:
        """Time passed."""
        ...


def coordinate(source: JobSource, engine: Engine, listener: Listener) -> None:
    """Runs the source's jobs until it has no more and all have ended.

    Between two jobs that are started, whoever waits for an answer gets it: a proposal takes longer than an answer.
    However it ends, no job is left under way: on Ctrl-C, or when something is broken, those that run are booked as
    interrupted, and the error goes on upwards.

    Raises:
        TunerError: what a job raised that no job may raise, or what the source refused to go on with.
    """
    running: set[int] = set()
    try:
        while True:
            started = len(running) < engine.workers and _start(source, engine, listener, running)
            if not running:
                return
            for event in engine.wait(0.0 if started and len(running) < engine.workers else POLL):
                _handle(event, source, engine, listener, running)
            listener.tick()
    except BaseException:
        source.interrupt()
        raise


def _start(source: JobSource, engine: Engine, listener: Listener, running: set[int]) -> bool:
    """Starts one job where there is one."""
    job = source.next_job()
    if job is None:
        return False
    running.add(job.number)
    engine.start(job)
    listener.started(job)
    return True


def _handle(event: Event, source: JobSource, engine: Engine, listener: Listener, running: set[int]) -> None:
    match event:
        case Evaluated(number=number, evaluation=evaluation):
            decision = source.on_evaluation(number, evaluation)
            engine.answer(number, decision)
            listener.evaluated(number, evaluation, decision)
        case Finished(number=number, outcome=outcome):
            running.discard(number)
            source.on_outcome(number, outcome)
            listener.finished(number, outcome)
        case Broken(error=error):
            raise error
