"""A listener in a process of its own, so that whatever it does can be ended and disturbs nothing."""

import contextlib
import os
import threading
from collections.abc import Callable, Set
from multiprocessing.connection import Connection
from typing import Any

from tuner.engines.processes import Child, spawn
from tuner.engines.worker import begin
from tuner.record_type import Record
from tuner.tracking.trial_listeners import CommandFailed, TrialListener

BEGINNING = 240.0  # s for a tracker to say what it knows: it may have to make its database first
LOOK = 0.2  # s between two looks at whether to stop
LONGEST = 110  # characters of a fault
PATIENCE = {  # in place of minutes, where a server is down; what is set already stays
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "WANDB_INIT_TIMEOUT": "30",
    "WANDB_SILENT": "true",
}


class Heard(Record):
    """What came of a message to a listener."""

    fault: str | None = None  # in one line; None where all went well
    known: Set[str] = frozenset()  # ids of trials that it was told of before


class Stopped(Exception):
    """The run is over and waits no longer."""


class ListenerProcess:
    """Starts its process when it is needed, and again when that has died."""

    def __init__(self, make: Callable[..., TrialListener], *arguments: Any, limit: float) -> None:
        """Takes how the listener is made there, and the seconds that it has for a trial."""
        self._make, self._arguments, self._limit = make, arguments, limit
        self._child: Child | None = None

    def ask(self, trial: dict[str, Any] | None, stop: threading.Event) -> Heard:
        """Tells of a trial, or asks for the known ones where it is None.

        Raises:
            Stopped: as soon as `stop` is set.
        """
        try:
            self._child = self._child or spawn(serve, self._make, self._arguments, name="tuner-listener")
            self._child.pipe.send(trial)
            return self._answer(self._child.pipe, stop, BEGINNING if trial is None else self._limit)
        except (EOFError, OSError):
            return Heard(fault=f"its process died ({self.end()})")

    def _answer(self, pipe: Connection, stop: threading.Event, limit: float) -> Heard:
        for _ in range(max(1, round(limit / LOOK))):
            if pipe.poll(LOOK):
                answer: Heard = pipe.recv()
                return answer
            if stop.is_set():
                raise Stopped
        self.end()
        return Heard(fault=f"took longer than {limit:g} s and was killed")

    def end(self) -> str:
        """Kills the process with all that it started; returns its exit code or signal."""
        child, self._child = self._child, None
        return "never started" if child is None else child.terminate()


def serve(
    pipe: Connection, lifeline: Connection, make: Callable[..., TrialListener], arguments: tuple[Any, ...]
) -> None:
    """Answers messages until the pipe closes; makes the listener at the first, and again after it could not be made."""
    begin(lifeline)
    for name, value in PATIENCE.items():
        os.environ.setdefault(name, value)
    listener: Any = None
    with contextlib.suppress(EOFError):
        while True:
            trial = pipe.recv()
            try:
                listener = make(*arguments) if listener is None else listener
                pipe.send(_told(listener, trial))
            except Exception as error:  # noqa: BLE001 - a listener may raise anything
                pipe.send(Heard(fault=in_a_line(error)))


def _told(listener: Any, trial: dict[str, Any] | None) -> Heard:
    if trial is None:
        return Heard(known=frozenset(listener.known()))
    listener.on_trial_end(trial)
    return Heard()


def in_a_line(error: Exception) -> str:
    """An exception as one line of moderate length."""
    text = " ".join(str(error).split())
    text = text if len(text) <= LONGEST else f"{text[:LONGEST]} …"
    return text if isinstance(error, CommandFailed) else f"{type(error).__name__}: {text}"
