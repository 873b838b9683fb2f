"""How tests drive an engine, and wait for what has to happen."""

import contextlib
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tuner.engines.base import Engine, Evaluated, Event, Finished
from tuner.engines.processes import ProcessEngine
from tuner.records import Checkpoint, Decision, Evaluation, TrialJob

TIMEOUT = 120.0  # s, for anything that has to happen
LONG = {"timesteps": 10_000_000, "checkpoints": (Checkpoint(step=64, goals=1), Checkpoint(step=10_000_000, goals=1))}
EVALUATION = Evaluation(
    index=0,
    step=64,
    score=0.5,
    success=0.5,
    distance=None,
    mean_return=0.0,
    mean_length=8.0,
    timeout_share=0.0,
    seconds=1.0,
    evaluation_seconds=0.1,
)
ARM = """
import gymnasium, numpy
IMPORTS

class Arm(gymnasium.Env):
    observation_space = gymnasium.spaces.Box(-1, 1, (1,))
    action_space = gymnasium.spaces.Box(-1, 1, (1,))
    def reset(self, *, seed=None, options=None):
        return numpy.zeros(1, numpy.float32), {}
    def step(self, action):
        return numpy.zeros(1, numpy.float32), REWARD, False, True, {}
"""


def until_next(engine: Engine) -> Event:
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        if events := engine.wait(1.0):
            assert len(events) == 1
            return events[0]
    pytest.fail("no event came")


def drive(engine: Engine, job: TrialJob, *, keep: bool = False) -> list[Event]:
    engine.start(job)
    events = [until_next(engine)]
    while isinstance(event := events[-1], Evaluated):
        engine.answer(event.number, Decision(go_on=True, keep=keep))
        events.append(until_next(engine))
    return events


def completes(engine: Engine, job: TrialJob) -> bool:
    end = drive(engine, job)[-1]
    return isinstance(end, Finished) and end.number == job.number and end.outcome.state == "completed"


def wait_for(condition: Callable[[], bool], seconds: float = TIMEOUT) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def gone(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def children(text: str, parent: int | None = None, *, recursive: bool = False) -> list[psutil.Process]:
    """The children of this process, or of another, whose name or command line holds a text.

    Those that end while they are looked at are not among them.
    """
    found = []
    for process in psutil.Process(parent).children(recursive):
        with contextlib.suppress(psutil.NoSuchProcess):  # a zombie is one too
            if text in " ".join([process.name(), *process.cmdline()]):
                found.append(process)
    return found


def kill_workers(engine: ProcessEngine) -> set[int]:
    pids = set(process_ids(engine))
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    assert wait_for(lambda: not pids & {child.pid for child in multiprocessing.active_children()})
    return pids


def write_arm(path: Path, imports: str = "", reward: str = "0.0") -> Path:
    """A file with an environment, which imports and rewards what is given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(ARM.replace("IMPORTS", imports).replace("REWARD", reward))
    return path


def process_ids(engine: ProcessEngine) -> list[int]:
    """The process ids of an engine's workers."""
    return [worker.child.pid for worker in engine._pool]


def put_odd(kind: str, path: Path, target: Path) -> None:
    """Puts a link to the target, a pipe or a folder in a file's place; nothing for any other kind."""
    if kind == "link":
        path.symlink_to(target)
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
