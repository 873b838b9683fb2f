"""Workers as processes of this machine: spawned, warmed up, reused, replaced when they die."""

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from tuner.engines.base import Broken, Evaluated, Event, Finished
from tuner.engines.worker import work
from tuner.errors import TunerError
from tuner.records import Decision, EnvironmentRef, Evaluation, TrialJob, TrialOutcome

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1")
GRACE = 2.0  # s, for a worker to leave by itself before it is killed


@dataclass(kw_only=True)
class _Worker:
    process: SpawnProcess
    pipe: Connection
    lifeline: Connection
    job: int | None = None  # the number of the trial that it runs


class ProcessEngine:
    """Up to `workers` single-threaded processes. They are spawned, since a fork would inherit locks and engines.

    They load what trials need while the coordinator does something else; with `warm` they make that environment once.
    """

    def __init__(self, workers: int, warm: EnvironmentRef | None = None) -> None:
        self.workers = workers
        self._warm = warm
        self._context = multiprocessing.get_context("spawn")
        self._pool: list[_Worker] = []

    def prepare(self, count: int) -> None:
        """Spawns workers until there are `count`, or as many as there may be."""
        while len(self._pool) < min(count, self.workers):
            self._spawn()

    def start(self, job: TrialJob) -> None:
        """Gives the job to an idle worker, to a new one where none is idle."""
        for worker in [worker for worker in self._pool if worker.job is None]:
            try:
                worker.pipe.send(job)
            except OSError:  # it died idle
                self._bury(worker)
                continue
            worker.job = job.number
            return
        worker = self._spawn()
        worker.job = job.number
        with contextlib.suppress(OSError):  # a worker that died at birth is found by `wait`
            worker.pipe.send(job)

    def wait(self, timeout: float) -> list[Event]:
        """Evaluations, outcomes and deaths since the last call."""
        ready = wait([worker.pipe for worker in self._pool if worker.job is not None], timeout)
        return [self._event(worker) for worker in list(self._pool) if worker.pipe in ready]

    def answer(self, number: int, decision: Decision) -> None:
        """Answers the trial of that number."""
        for worker in self._pool:
            if worker.job == number:
                with contextlib.suppress(OSError):  # it died meanwhile; `wait` will say so
                    worker.pipe.send(decision)

    def stop(self) -> None:
        """Cuts every lifeline, then kills whoever is still there after the grace."""
        pool, self._pool = self._pool, []
        for worker in pool:
            worker.lifeline.close()
        for worker in pool:
            worker.process.join(GRACE)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.pipe.close()
            worker.process.close()

    def process_ids(self) -> list[int]:
        """The workers' process ids."""
        return [worker.process.pid for worker in self._pool if worker.process.pid is not None]

    def _event(self, worker: _Worker) -> Event:
        number = worker.job
        assert number is not None  # noqa: S101 - only busy workers are waited for
        try:
            message: Evaluation | TrialOutcome | TunerError = worker.pipe.recv()
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
        ours, theirs = self._context.Pipe()
        listening, lifeline = self._context.Pipe(duplex=False)
        process = self._context.Process(
            target=work, args=(theirs, listening, self._warm), daemon=True, name="tuner-worker"
        )
        with _environment(ONE_THREAD), _ctrl_c_held_back():
            process.start()
        theirs.close()
        listening.close()
        worker = _Worker(process=process, pipe=ours, lifeline=lifeline)
        self._pool.append(worker)
        return worker

    def _bury(self, worker: _Worker) -> str:
        """Removes a dead worker; returns how it died."""
        self._pool.remove(worker)
        worker.lifeline.close()
        worker.pipe.close()
        worker.process.join(GRACE)
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()
        code = worker.process.exitcode or 0
        worker.process.close()
        return f"signal {-code}" if code < 0 else f"exit code {code}"


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
