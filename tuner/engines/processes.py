"""Workers as processes of this machine: spawned, warmed up, reused, replaced when they die.

They end with the process that started them. A fork would inherit locks and threads.
"""

import contextlib
import multiprocessing
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, ParamSpec, TypeVar

from tuner.engines.base import Broken, Evaluated, Event, Finished, failed
from tuner.engines.hang_detector import HangDetector, is_stopped, memory, too_much
from tuner.engines.worker import Message, Ready, begin, told, work
from tuner.errors import EnvironmentFailed, TunerError
from tuner.records import Decision, EnvironmentRef, Evaluation, TrialJob
from tuner.training.importing import started_cleanly

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


@dataclass(kw_only=True)
class _Worker:
    child: Child
    job: int | None = None  # the number of the trial that it runs
    ready: bool = False  # has loaded what it needs


class ProcessEngine:
    """Up to `workers` single-threaded processes. They are spawned, since a fork would inherit locks and engines.

    They load what trials need while the coordinator does something else; with `warm` they make that environment once.
    One that is silent for too long, or takes more than `memory` bytes, is killed: its trial has failed.
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
            self._assign(worker, job)
            return
        worker = self._spawn()
        self._assign(worker, job)
        with contextlib.suppress(OSError):  # a worker that died at birth is found by `wait`
            worker.child.pipe.send(job)

    def _assign(self, worker: _Worker, job: TrialJob) -> None:
        worker.job = job.number
        self._hang_detector.begin(job.number, loading=not worker.ready)

    def wait(self, timeout: float) -> list[Event]:
        """Evaluations, outcomes and deaths since the last call."""
        ready = wait([worker.child.pipe for worker in self._pool if worker.job is not None], timeout)
        heard = [self._event(worker) for worker in list(self._pool) if worker.child.pipe in ready]
        events = [event for event in heard if event is not None]
        return [*events, *self._killed(spared={event.number for event in events})]

    def answer(self, number: int, decision: Decision) -> None:
        """Answers the trial of that number."""
        for worker in self._pool:
            if worker.job == number:
                self._hang_detector.begin(number)
                with contextlib.suppress(OSError):  # it died meanwhile; `wait` will say so
                    worker.child.pipe.send(decision)

    def stop(self) -> None:
        """Cuts every lifeline, then kills whoever is still there after the grace."""
        pool, self._pool = self._pool, []
        for worker in pool:
            worker.child.lifeline.close()
        for worker in pool:
            worker.child.bury()

    def _event(self, worker: _Worker) -> Event | None:
        number = worker.job
        assert number is not None  # noqa: S101 - only busy workers are waited for
        try:
            message: Message = worker.child.pipe.recv()
        except (EOFError, OSError):
            self._hang_detector.forget(number)
            return failed(number, f"the worker process died ({self._bury(worker)})")
        if isinstance(message, Ready):
            worker.ready = True
            self._hang_detector.begin(number)
            return None
        if isinstance(message, Evaluation) and number >= 0:  # an end comes sooner, and short measurements much sooner
            self._hang_detector.heard(number)
        self._hang_detector.forget(number)
        if isinstance(message, Evaluation):
            return Evaluated(number=number, evaluation=message)
        worker.job = None
        if isinstance(message, TunerError):
            return Broken(number=number, error=message)
        return Finished(number=number, outcome=message)

    def _killed(self, spared: set[int]) -> list[Event]:
        """Kills workers that are silent for too long or hold too much memory, but those whose job was just heard of."""
        busy = {worker.job: worker for worker in self._pool if worker.job is not None and worker.job not in spared}
        silent = self._hang_detector.look(lambda number: number in busy and is_stopped(busy[number].child.pid))
        reasons = dict.fromkeys(silent, self._hang_detector.reason)
        if self._memory is not None:
            held = {number: memory(worker.child.pid) for number, worker in busy.items()}
            limit = self._memory
            reasons |= {number: too_much(size, limit) for number, size in held.items() if size > limit}
        for number in reasons.keys() & busy.keys():
            busy[number].child.process.kill()
            self._bury(busy[number])
            self._hang_detector.forget(number)
        return [failed(number, reason) for number, reason in reasons.items() if number in busy]

    def _spawn(self) -> _Worker:
        worker = _Worker(child=spawn(work, self._warm, name="tuner-worker"))
        self._pool.append(worker)
        return worker

    def _bury(self, worker: _Worker) -> str:
        """Removes a dead worker; returns how it died."""
        self._pool.remove(worker)
        return worker.child.bury()


Given = ParamSpec("Given")
Result = TypeVar("Result")


def run_once(function: Callable[Given, Result], *arguments: Given.args, **named: Given.kwargs) -> Result:
    """What the function returns, or raises, elsewhere.

    Raises:
        EnvironmentFailed: where the process died under it.
        WorkerBroke: where it raised what is no error of ours.
    """
    child = spawn(serve, function, arguments, named, name="tuner-once")
    result: Any = None
    died = False
    try:
        result = child.pipe.recv()
    except (EOFError, OSError):
        died = True
    finally:
        how = child.bury()
    if died:
        raise EnvironmentFailed(f"the process died that looked at the environment ({how})")
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
    """Calls the function and sends what it returns or raises."""
    begin(lifeline)
    pipe.send(told(lambda: function(*arguments, **named)))
