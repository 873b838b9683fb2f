"""Tells a listener of trials on a thread beside the run, which never waits for it."""

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from tuner.record_type import Record
from tuner.tracking.listener_process import ListenerProcess, Stopped
from tuner.tracking.tracker_places import without_secrets
from tuner.tracking.trial_listeners import TrialListener

SECONDS_A_TRIAL = 60.0  # that a listener has for one trial
LONGEST_QUEUE = 1000  # trials that wait; more are missed
ENDING = 10.0  # s for a thread to end its process


class Missed(Record):
    """A trial that a listener was not told of."""

    trial: int | None  # its number; None where the listener could not begin
    reason: str


class Courier:
    """A listener with a queue of the trials that it is yet to be told of."""

    def __init__(
        self,
        name: str,
        make: Callable[..., TrialListener],
        *arguments: Any,
        backlog: Sequence[dict[str, Any]] | None = None,
        limit: float = SECONDS_A_TRIAL,
    ) -> None:
        """Starts the thread.

        Args:
            name: For messages.
            make: Makes the listener, in its process.
            *arguments: Of `make`.
            backlog: Trials that ended before, for a listener that knows which of them it was told of; None for others.
            limit: Seconds for a trial.
        """
        self.name = name
        self.missed: list[Missed] = []
        self.catches_up = backlog is not None
        self._backlog = list(backlog or ())
        self._process = ListenerProcess(make, *arguments, limit=limit)
        self._queue: queue.Queue[dict[str, Any] | None] = queue.Queue(LONGEST_QUEUE)
        self._stop = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"tuner-{name}", daemon=True)
        self._thread.start()

    def post(self, trial: dict[str, Any]) -> None:
        """Puts a trial into the queue."""
        try:
            self._queue.put_nowait(trial)
        except queue.Full:
            self._miss(trial["number"], f"{LONGEST_QUEUE} trials were waiting already")

    def close(self) -> None:
        """Says that no more trials come."""
        self._closing.set()
        with contextlib.suppress(queue.Full):  # the thread looks at `_closing` as well
            self._queue.put_nowait(None)

    def ended(self, seconds: float) -> bool:
        """Waits for the queue to be worked off; whether it was."""
        self._thread.join(max(seconds, 0.0))
        return not self._thread.is_alive()

    def stop(self) -> None:
        """Ends the listener; what waits is missed."""
        self._stop.set()
        self._thread.join(ENDING)

    def _run(self) -> None:
        try:
            if self.catches_up:
                self._catch_up()
            while (trial := self._next()) is not None:
                self._tell(trial)
        except Stopped:
            pass
        finally:
            self._process.end()
            for trial in (*self._backlog, *self._waiting()):
                self._miss(trial["number"], "the run ended before")

    def _catch_up(self) -> None:
        backlog, self._backlog = self._backlog, []
        answer = self._process.ask(None, self._stop)
        if answer.fault is not None:
            self._miss(None, answer.fault)
            return
        self._backlog = [trial for trial in backlog if trial["id"] not in answer.known]
        while self._backlog:
            self._tell(self._backlog.pop(0))

    def _tell(self, trial: dict[str, Any]) -> None:
        try:
            answer = self._process.ask(trial, self._stop)
        except Stopped:
            self._miss(trial["number"], "the run ended before it was done")
            raise
        if answer.fault is None:
            return
        self._miss(trial["number"], answer.fault)
        if self.catches_up and self._closing.is_set():  # it is told at the next run, so this one need not wait
            raise Stopped

    def _next(self) -> dict[str, Any] | None:
        while not self._stop.is_set():
            try:
                return self._queue.get(timeout=1.0)
            except queue.Empty:
                if self._closing.is_set():
                    return None
        raise Stopped

    def _waiting(self) -> list[dict[str, Any]]:
        found = []
        while not self._queue.empty():
            found.append(self._queue.get_nowait())
        return [trial for trial in found if trial is not None]

    def _miss(self, trial: int | None, reason: str) -> None:
        self.missed.append(Missed(trial=trial, reason=without_secrets(reason)))


def close_all(couriers: Sequence[Courier], seconds: float, waiting: Callable[[list[str]], None]) -> None:
    """Ends them all: their queues are worked off for so many seconds together, then their processes are killed.

    Calls `waiting` with the names of those that take longer than a moment.
    """
    until = time.monotonic() + seconds
    for courier in couriers:
        courier.close()
    try:
        soon = min(until, time.monotonic() + 1.0)
        late = [courier for courier in couriers if not courier.ended(soon - time.monotonic())]
        if late and seconds > 1.0:
            waiting([courier.name for courier in late])
        for courier in late:
            courier.ended(until - time.monotonic())
    finally:
        for courier in couriers:
            courier.stop()
