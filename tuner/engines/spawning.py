"""Processes that end with the one that started them. They are spawned: a fork would inherit locks and threads."""

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any

from tuner.training.files import only_own_folders

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1")
GRACE = 2.0  # s, for a process to leave by itself before it is killed


@dataclass(kw_only=True)
class Child:
    """A process with the pipe to it, and the lifeline whose end ends it."""

    process: SpawnProcess
    pipe: Connection
    lifeline: Connection

    def bury(self) -> str:
        """Ends it, by force where it lingers; returns how it ended."""
        self.lifeline.close()
        self.process.join(GRACE)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.pipe.close()
        code = self.process.exitcode or 0
        self.process.close()
        return f"signal {-code}" if code < 0 else f"exit code {code}"


def spawn(target: Callable[..., None], *arguments: Any, name: str) -> Child:
    """Starts `target(pipe, lifeline, *arguments)` in a single-threaded process to which no Ctrl-C comes."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    listening, lifeline = context.Pipe(duplex=False)
    process = context.Process(target=target, args=(theirs, listening, *arguments), daemon=True, name=name)
    with _environment(ONE_THREAD), _ctrl_c_held_back(), only_own_folders():
        process.start()
    theirs.close()
    listening.close()
    return Child(process=process, pipe=ours, lifeline=lifeline)


@contextlib.contextmanager
def _ctrl_c_held_back() -> Iterator[None]:
    """Children started within inherit a blocked SIGINT: a terminal's Ctrl-C reaches the coordinator alone."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Sets variables for the children that are started within; they must stand before NumPy is imported."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
