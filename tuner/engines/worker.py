"""The other end of the pipe: a spawned process that runs one job after another until its coordinator is gone."""

import contextlib
import os
import threading
import traceback
from multiprocessing.connection import Connection

from tuner.errors import TunerError, WorkerBroke
from tuner.records import Decision, Evaluation, TrialJob, TrialOutcome

Message = Evaluation | TrialOutcome | TunerError


def work(pipe: Connection, lifeline: Connection) -> None:
    """Receives jobs, sends evaluations, receives decisions, sends outcomes.

    Args:
        pipe: Jobs and decisions in, messages out.
        lifeline: Carries nothing. Its other end is held by the coordinator alone, so that its end means the
            coordinator's, however that came about.
    """
    threading.Thread(target=_die_with, args=(lifeline,), daemon=True).start()
    from tuner.trial import run_trial

    def report(evaluation: Evaluation) -> Decision:
        pipe.send(evaluation)
        decision: Decision = pipe.recv()
        return decision

    while True:
        try:
            job: TrialJob = pipe.recv()
        except EOFError:
            return
        message: Message
        try:
            message = run_trial(job, report)
        except TunerError as error:
            message = error
        except Exception as error:  # noqa: BLE001 - the border: it is passed on whole
            message = broken(error)
        pipe.send(message)


def broken(error: Exception) -> WorkerBroke:
    """An unexpected exception with its trace, as an error that travels."""
    summary = f"unexpected {type(error).__name__} in a trial: {' '.join(str(error).split())}"
    return WorkerBroke(summary, "".join(traceback.format_exception(error)))


def _die_with(lifeline: Connection) -> None:
    with contextlib.suppress(EOFError, OSError):
        lifeline.recv()
    os._exit(1)
