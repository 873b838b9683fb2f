"""Workers as processes of this machine: spawned, warmed up, reused, replaced when they die."""

import contextlib
from dataclasses import dataclass
from multiprocessing.connection import wait

from tuner.engines.base import Broken, Evaluated, Event, Finished
from tuner.engines.spawning import Child, spawn
from tuner.engines.worker import work
from tuner.errors import TunerError
from tuner.records import Decision, EnvironmentRef, Evaluation, TrialJob, TrialOutcome


@dataclass(kw_only=True)
class _Worker:
    child: Child
    job: int | None = None  # the number of the trial that it runs


class ProcessEngine:
    """Up to `workers` single-threaded processes. They are spawned, since a fork would inherit locks and engines.

    They load what trials need while the coordinator does something else; with `warm` they make that environment once.
    """

    def __init__(self, workers: int, warm: EnvironmentRef | None = None) -> None:
        self.workers = workers
        self._warm = warm
        self._pool: list[_Worker] = []

    def prepare(self, count: int) -> None:
        """Spawns workers until there are `count`, or as many as there may be."""
        while len(self._pool) < min(count, self.workers):
            self._spawn()

    def start(self, job: TrialJob) -> None:
        """Gives the job to an idle worker, to a new one where none is idle."""
        for worker in [worker for worker in self._pool if worker.job is None]:
            try:
                worker.child.pipe.send(job)
            except OSError:  # it died idle
                self._bury(worker)
                continue
            worker.job = job.number
            return
        worker = self._spawn()
        worker.job = job.number
        with contextlib.suppress(OSError):  # a worker that died at birth is found by `wait`
            worker.child.pipe.send(job)

    def wait(self, timeout: float) -> list[Event]:
        """Evaluations, outcomes and deaths since the last call."""
        ready = wait([worker.child.pipe for worker in self._pool if worker.job is not None], timeout)
        return [self._event(worker) for worker in list(self._pool) if worker.child.pipe in ready]

    def answer(self, number: int, decision: Decision) -> None:
        """Answers the trial of that number."""
        for worker in self._pool:
            if worker.job == number:
                with contextlib.suppress(OSError):  # it died meanwhile; `wait` will say so
                    worker.child.pipe.send(decision)

    def stop(self) -> None:
        """Cuts every lifeline, then kills whoever is still there after the grace."""
        pool, self._pool = self._pool, []
        for worker in pool:
            worker.child.lifeline.close()
        for worker in pool:
            worker.child.bury()

    def process_ids(self) -> list[int]:
        """The workers' process ids."""
        return [worker.child.process.pid for worker in self._pool if worker.child.process.pid is not None]

    def _event(self, worker: _Worker) -> Event:
        number = worker.job
        assert number is not None  # noqa: S101 - only busy workers are waited for
        try:
            message: Evaluation | TrialOutcome | TunerError = worker.child.pipe.recv()
        except (EOFError, OSError):
            reason = f"the worker process died ({self._bury(worker)})"
            return Finished(number=number, outcome=TrialOutcome(state="failed", reason=reason))
        if isinstance(message, Evaluation):
            return Evaluated(number=number, evaluation=message)
        worker.job = None
        if isinstance(message, TunerError):
            return Broken(number=number, error=message)
        return Finished(number=number, outcome=message)

    def _spawn(self) -> _Worker:
        worker = _Worker(child=spawn(work, self._warm, name="tuner-worker"))
        self._pool.append(worker)
        return worker

    def _bury(self, worker: _Worker) -> str:
        """Removes a dead worker; returns how it died."""
        self._pool.remove(worker)
        return worker.child.bury()
