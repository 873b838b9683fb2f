"""An engine that looks up now and then from its work: a standing service may be told to stop."""

import time
from collections.abc import Callable

from tuner.engines.base import Engine, Event
from tuner.records import Decision, TrialJob

EVERY = 2.0  # s


class WatchedEngine:
    """Passes everything on, and calls `look` every two seconds while it waits; what that raises ends the run."""

    def __init__(self, engine: Engine, look: Callable[[], None]) -> None:
        self._engine = engine
        self._look = look
        self._next = 0.0

    @property
    def workers(self) -> int:
        """The other's."""
        return self._engine.workers

    def prepare(self, count: int) -> None:
        """Passes it on."""
        self._engine.prepare(count)

    def start(self, job: TrialJob) -> None:
        """Passes it on."""
        self._engine.start(job)

    def wait(self, timeout: float) -> list[Event]:
        """Looks, then waits."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + EVERY
            self._look()
        return self._engine.wait(timeout)

    def answer(self, number: int, decision: Decision) -> None:
        """Passes it on."""
        self._engine.answer(number, decision)

    def stop(self) -> None:
        """Passes it on."""
        self._engine.stop()
