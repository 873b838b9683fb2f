"""Processes that end with the one that started them. They are spawned: a fork would inherit locks and threads."""

import multiprocessing
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any

from tuner.training.children import started_cleanly

GRACE = 2.0  # s, for a process to leave by itself before it is killed


@dataclass(kw_only=True)
class Child:
    """A process with the pipe to it, and the lifeline whose end ends it."""

    process: SpawnProcess
    pipe: Connection
    lifeline: Connection

    @property
    def pid(self) -> int:
        """The process id."""
        assert self.process.pid is not None  # noqa: S101 - it was started
        return self.process.pid

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
    with started_cleanly():
        process.start()
    theirs.close()
    listening.close()
    return Child(process=process, pipe=ours, lifeline=lifeline)
