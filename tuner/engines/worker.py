"""The other end of the pipe: a spawned process that runs one job after another until its coordinator is gone."""

import contextlib
import multiprocessing
import os
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TypeVar

from tuner.errors import TunerError, WorkerBroke
from tuner.records import Decision, EnvironmentRef, Evaluation, TrialJob, TrialOutcome


@dataclass(frozen=True)
class Ready:
    """A worker has loaded what it needs, and looks for jobs."""


Made = TypeVar("Made")
Message = Ready | Evaluation | TrialOutcome | TunerError

WARM_UP = TrialJob(  # one update, in an environment of Gymnasium's own
    number=-1,
    seed=0,
    params={"n_steps": 8, "batch_size": 8, "n_epochs": 1},
    environment=EnvironmentRef(id="Pendulum-v1"),
    algorithm="ppo",
    trainer="auto",
    policy="MlpPolicy",
    device="cpu",
    timesteps=8,
    objective="return",
    checkpoints=(),
)


def work(pipe: Connection, lifeline: Connection, warm: EnvironmentRef | None) -> None:
    """Warms up, then receives jobs, sends evaluations, receives decisions, sends outcomes.

    Args:
        pipe: Jobs and decisions in, messages out.
        lifeline: Carries nothing. Its other end is held by the coordinator alone, so that its end means the
            coordinator's, however that came about.
        warm: The environment that the jobs will most likely train in.
    """
    begin(lifeline)
    from tuner.trial import run_trial

    if warm is not None:
        warm_up(warm)

    def report(evaluation: Evaluation) -> Decision:
        pipe.send(evaluation)
        decision: Decision = pipe.recv()
        return decision

    pipe.send(Ready())
    while True:
        try:
            job: TrialJob = pipe.recv()
        except EOFError:
            return
        pipe.send(told(lambda: run_trial(job, report)))  # noqa: B023 - called at once


def warm_up(environment: EnvironmentRef) -> None:
    """Loads all that a first trial would load within its own time: much of torch comes with the first update only.

    The study's environment is made and closed, not stepped, unless it is to have processes of its own. A fault here is
    the first job's to tell.
    """
    from tuner.training.environments import make_vec_env
    from tuner.trial import run_trial

    with contextlib.suppress(Exception):
        run_trial(WARM_UP, lambda _: Decision(go_on=True))
    if environment.vec_env == "subproc":
        return
    with contextlib.suppress(Exception):
        make_vec_env(environment).close()


def told(work: Callable[[], Made]) -> Made | TunerError:
    """What work returns, or the error that it raised."""
    try:
        return work()
    except TunerError as error:
        return error
    except Exception as error:  # noqa: BLE001 - the border: it is passed on whole
        return broken(error)


def broken(error: Exception) -> WorkerBroke:
    """An unexpected exception with its trace, as an error that travels."""
    summary = f"unexpected {type(error).__name__} in a trial: {' '.join(str(error).split())}"
    return WorkerBroke(summary, "".join(traceback.format_exception(error)))


def begin(lifeline: Connection) -> None:
    """Has this process end with its coordinator, start processes of its own, and keep standard output clean."""
    threading.Thread(target=_die_with, args=(lifeline,), daemon=True).start()
    multiprocessing.current_process().daemon = False  # only says here that it may have children: environments do
    with contextlib.suppress(OSError):  # closed, perhaps
        os.dup2(2, 1)  # what an environment prints is talk; standard output is the result's alone


def _die_with(lifeline: Connection) -> None:
    """Waits for the lifeline's end, then exits this process."""
    with contextlib.suppress(EOFError, OSError):
        lifeline.recv()
    os._exit(1)
