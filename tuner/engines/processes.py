"""Worker processes of this machine: started, warmed up, reused, and replaced when they die.

They end with the process that started them.
"""

import contextlib
import multiprocessing
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, ParamSpec, TypeVar

from tuner.engines.base import Broken, Evaluated, Event, Finished, failed
from tuner.engines.hang_detector import HangDetector, is_stopped, memory, too_much
from tuner.engines.worker import Alive, Message, Ready, begin, end_group, result_or_error, work
from tuner.errors import EnvironmentFailed, TunerError
from tuner.records import Decision, EnvironmentRef, Evaluation, TrialJob
from tuner.training.starting import start

WEIGHING = 0.5  # s between two looks at the memory of workers
GRACE = 2.0  # s for a process to exit by itself before it is killed


@dataclass(kw_only=True)
class Child:
    """A child process, the pipe to it, and the lifeline: closing it makes the child exit."""

    process: BaseProcess
    pipe: Connection
    lifeline: Connection

    @property
    def pid(self) -> int:
        """The process id."""
        assert self.process.pid is not None  # noqa: S101 - it was started
        return self.process.pid

    def terminate(self) -> str:
        """Terminates the process, killing it after `GRACE`; returns its exit code or signal."""
        self.lifeline.close()
        self.process.join(GRACE)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        end_group(self.pid)  # what the process started and left
        self.pipe.close()
        code = self.process.exitcode or 0
        self.process.close()
        return f"signal {-code}" if code < 0 else f"exit code {code}"


def spawn(target: Callable[..., None], *arguments: Any, name: str) -> Child:
    """Starts `target(pipe, lifeline, *arguments)` in a process of its own."""
    ours, theirs = multiprocessing.Pipe()
    listening, lifeline = multiprocessing.Pipe(duplex=False)
    process = start(target, (theirs, listening, *arguments), name)
    theirs.close()
    listening.close()
    return Child(process=process, pipe=ours, lifeline=lifeline)


@dataclass(kw_only=True)
class _Worker:
    child: Child
    job: int | None = None  # the number of the trial that it runs
    ready: bool = False  # has loaded what it needs


class ProcessEngine:
    """Runs jobs in up to `workers` single-threaded processes.

    They load their libraries in the background, and make the environment `warm` once. A worker that is unresponsive or
    uses more than `memory` bytes is killed, and its trial fails.
    """

    def __init__(
        self,
        workers: int,
        warm: EnvironmentRef | None = None,
        *,
        memory: int | None = None,
        hang_detector: HangDetector | None = None,
    ) -> None:
        self.workers = workers
        self._warm = warm
        self._memory = memory
        self._hang_detector = hang_detector or HangDetector()
        self._pool: list[_Worker] = []
        self._next_weighing = 0.0  # on the monotonic clock

    def prepare(self, count: int) -> None:
        """Spawns workers up to `count`, at most `workers`."""
        while len(self._pool) < min(count, self.workers):
            self._spawn()

    def start(self, job: TrialJob) -> None:
        """Gives the job to an idle worker, or to a new one if none is idle."""
        for worker in [worker for worker in self._pool if worker.job is None]:
            try:
                worker.child.pipe.send(job)
            except OSError:  # it died while idle
                self._remove(worker)
                continue
            self._assign(worker, job)
            return
        worker = self._spawn()
        self._assign(worker, job)
        with contextlib.suppress(OSError):  # `wait` reports a worker that died at its start
            worker.child.pipe.send(job)

    def _assign(self, worker: _Worker, job: TrialJob) -> None:
        worker.job = job.number
        self._hang_detector.begin(job.number, loading=not worker.ready)

    def wait(self, timeout: float) -> list[Event]:
        """Evaluations, outcomes and dead workers since the last call."""
        ready = wait([worker.child.pipe for worker in self._pool if worker.job is not None], timeout)
        received = [self._event(worker) for worker in list(self._pool) if worker.child.pipe in ready]
        events = [event for event in received if event is not None]
        return [*events, *self._killed(spared={event.number for event in events})]

    def answer(self, number: int, decision: Decision) -> None:
        """Sends the decision to the trial."""
        for worker in self._pool:
            if worker.job == number:
                self._hang_detector.begin(number)
                with contextlib.suppress(OSError):  # it died meanwhile; `wait` reports it
                    worker.child.pipe.send(decision)

    def stop(self) -> None:
        """Closes every lifeline, then kills the workers that are alive after `GRACE`."""
        pool, self._pool = self._pool, []
        for worker in pool:
            worker.child.lifeline.close()
        for worker in pool:
            worker.child.terminate()

    def _event(self, worker: _Worker) -> Event | None:
        number = worker.job
        assert number is not None  # noqa: S101 - only busy workers are waited for
        try:
            message: Message = worker.child.pipe.recv()
        except (EOFError, OSError):
            self._hang_detector.forget(number)
            return failed(number, f"the worker process died ({self._remove(worker)})")
        if isinstance(message, Alive):
            self._hang_detector.sign(number)
            return None
        if isinstance(message, Ready):
            worker.ready = True
            self._hang_detector.begin(number)
            return None
        if isinstance(message, Evaluation) and number >= 0:  # outcomes and short measurements come sooner
            self._hang_detector.message_received(number)
        self._hang_detector.forget(number)
        if isinstance(message, Evaluation):
            return Evaluated(number=number, evaluation=message)
        worker.job = None
        if isinstance(message, TunerError):
            return Broken(number=number, error=message)
        return Finished(number=number, outcome=message)

    def _killed(self, spared: set[int]) -> list[Event]:
        """Kills workers that are unresponsive or use too much memory, except those of the jobs in `spared`."""
        busy = {worker.job: worker for worker in self._pool if worker.job is not None and worker.job not in spared}
        hung = self._hang_detector.unresponsive(lambda number: number in busy and is_stopped(busy[number].child.pid))
        reasons = {number: self._hang_detector.reason(number) for number in hung}
        if self._memory is not None and time.monotonic() >= self._next_weighing:
            self._next_weighing = time.monotonic() + WEIGHING
            held = {number: memory(worker.child.pid) for number, worker in busy.items()}
            limit = self._memory
            reasons |= {number: too_much(size, limit) for number, size in held.items() if size > limit}
        for number in reasons.keys() & busy.keys():
            busy[number].child.process.kill()
            self._remove(busy[number])
            self._hang_detector.forget(number)
        return [failed(number, reason) for number, reason in reasons.items() if number in busy]

    def _spawn(self) -> _Worker:
        worker = _Worker(child=spawn(work, self._warm, name="tuner-worker"))
        self._pool.append(worker)
        return worker

    def _remove(self, worker: _Worker) -> str:
        """Terminates and removes a worker; returns its exit code or signal."""
        self._pool.remove(worker)
        return worker.child.terminate()


Given = ParamSpec("Given")
Result = TypeVar("Result")


def run_once(function: Callable[Given, Result], *arguments: Given.args, **named: Given.kwargs) -> Result:
    """Calls the function in a new process; returns its result or raises its error.

    Raises:
        EnvironmentFailed: if the process died.
        WorkerBroke: if it raised an unexpected error.
    """
    child = spawn(serve, function, arguments, named, name="tuner-once")
    result: Any = None
    died = False
    try:
        result = child.pipe.recv()
    except (EOFError, OSError):
        died = True
    finally:
        how = child.terminate()
    if died:
        raise EnvironmentFailed(f"the process that checked the environment died ({how})")
    if isinstance(result, TunerError):
        raise result
    return result  # type: ignore[no-any-return]


def serve(
    pipe: Connection,
    lifeline: Connection,
    function: Callable[..., Any],
    arguments: tuple[Any, ...],
    named: dict[str, Any],
) -> None:
    """Calls the function and sends its result or error."""
    begin(lifeline)
    pipe.send(result_or_error(lambda: function(*arguments, **named)))
