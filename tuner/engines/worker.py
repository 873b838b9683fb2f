"""The code of a worker process, which runs jobs until its coordinator ends."""

import contextlib
import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TypeVar

from tuner.errors import TunerError, WorkerBroke
from tuner.records import Decision, EnvironmentRef, Evaluation, TrialJob, TrialOutcome
from tuner.training.starting import begin_alone


@dataclass(frozen=True)
class Ready:
    """A worker has loaded its libraries and waits for jobs."""


@dataclass(frozen=True)
class Alive:
    """A worker has stepped an environment or updated a model since its last message."""


Result = TypeVar("Result")
Message = Ready | Alive | Evaluation | TrialOutcome | TunerError

WARM_UP = TrialJob(  # one update in an environment of Gymnasium
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
        lifeline: Carries no messages. Only the coordinator holds its other end, so it closes when the coordinator ends.
        warm: The environment that most jobs train in.
    """
    begin(lifeline)
    from tuner.training.life import LIFE, Pulse
    from tuner.trial import run_trial

    LIFE.watch_optimizers()
    one_at_a_time = threading.Lock()

    def send(message: Message) -> None:
        with one_at_a_time:
            pipe.send(message)

    if warm is not None:
        warm_up(warm)

    def report(evaluation: Evaluation) -> Decision:
        send(evaluation)
        decision: Decision = pipe.recv()
        return decision

    send(Ready())
    while True:
        try:
            job: TrialJob = pipe.recv()
        except EOFError:
            return
        with Pulse(lambda: send(Alive())):
            result = result_or_error(lambda: run_trial(job, report))  # noqa: B023 - called at once
        send(result)


def warm_up(environment: EnvironmentRef) -> None:
    """Loads what the first trial would load in its own time; torch loads much at its first update.

    Makes and closes the study's environment, unless it runs in subprocesses. Errors are ignored here, since the first
    job raises them again.
    """
    from tuner.training.environments import make_vec_env
    from tuner.trial import run_trial

    with contextlib.suppress(Exception):
        run_trial(WARM_UP, lambda _: Decision(go_on=True))
    if environment.vec_env == "subproc":
        return
    with contextlib.suppress(Exception):
        make_vec_env(environment).close()


def result_or_error(work: Callable[[], Result]) -> Result | TunerError:
    """The result of `work`, or the error that it raised; unexpected ones as `WorkerBroke`."""
    try:
        return work()
    except TunerError as error:
        return error
    except Exception as error:  # noqa: BLE001 - passed on with its traceback
        return broken(error)


def broken(error: Exception) -> WorkerBroke:
    """An unexpected exception as a picklable error with its traceback."""
    summary = f"unexpected {type(error).__name__} in a trial: {' '.join(str(error).split())}"
    return WorkerBroke(summary, "".join(traceback.format_exception(error)))


def begin(lifeline: Connection) -> None:
    """Makes this process exit with its coordinator, lets it have children, and redirects standard output to stderr.

    It leads a process group of its own, so that what environments start in it ends with it.
    """
    if hasattr(os, "setpgid"):
        with contextlib.suppress(OSError):  # it leads a session already
            os.setpgid(0, 0)
    begin_alone(multiprocessing.current_process().name)
    threading.Thread(target=_die_with, args=(lifeline,), daemon=True).start()
    multiprocessing.current_process().daemon = False  # daemons may not have children, environments do
    with contextlib.suppress(OSError):  # may be closed
        os.dup2(2, 1)  # prints of environments go to stderr; standard output is for results


def _die_with(lifeline: Connection) -> None:
    """Exits this process when the lifeline closes."""
    with contextlib.suppress(EOFError, OSError):
        lifeline.recv()
    end_group(os.getpid())
    os._exit(1)


def end_group(leader: int) -> None:
    """Kills what is left of a process group, its leader included; also after the leader's death."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(leader, signal.SIGKILL)
