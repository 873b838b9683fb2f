"""Workers that train in simulated time: the coordinator's work takes real time, waiting takes none."""

import heapq
import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from synthetic import COMPLETE_SHARE, LEARNT, MODEL, learning_curve, outcome

from tuner.coordinator import JobSource
from tuner.engines.base import Evaluated, Event, Finished
from tuner.records import Decision, Evaluation, TrialJob, TrialOutcome

SPREAD = 0.3  # of a trial's length, to either side, since the tuned arguments affect it
BEHIND, AHEAD = (0.0, 0.3), (0.35, 0.6)  # final scores of trials that the median pruner stops, and of the others
SHORT = 1 / 3  # of a trial's length, after which it stops those: the first checkpoint after its warm-up
UNDER_WAY = COMPLETE_SHARE / (COMPLETE_SHARE + SHORT * (1 - COMPLETE_SHARE))  # share of the others among running trials


class Enough(BaseException):
    """Raised when the measurement is complete."""


@dataclass(kw_only=True)
class Course:
    """The record of a simulation, in seconds of simulated time from its start."""

    trained: list[tuple[float, float]] = field(default_factory=list)  # start and end of a worker's training
    answers: list[tuple[float, float]] = field(default_factory=list)  # when an answer came, and its delay
    gaps: list[tuple[float, float]] = field(default_factory=list)  # when a worker got another trial, and the delay
    ends: list[tuple[float, bool]] = field(default_factory=list)  # when a trial ended, and whether it was complete
    begun: list[float] = field(default_factory=list)  # when each worker got its first trial
    idle: list[tuple[float, float]] = field(default_factory=list)  # start and end of the coordinator's idle times


@dataclass(kw_only=True)
class _Running:
    job: TrialJob
    interval: float  # s from checkpoint to checkpoint
    left: list[Evaluation]
    seen: list[Evaluation]
    due: float = 0.0  # the time of its pending event


class SimulatedEngine:
    """Workers whose training takes simulated time only.

    Time is that of the clock plus the skipped time: if nothing is due, `wait` skips to the next event. A worker trains
    from an answer to its next checkpoint, and is idle from a checkpoint to the answer and from a trial's end to the
    next trial. Each worker's first trial starts partway through, as in a run in its steady state, with the steady
    state's share of trials that will be pruned.
    """

    def __init__(
        self,
        workers: int,
        seconds: float,
        *,
        stopped: bool,
        seed: int = 0,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Takes the mean length of a whole trial, and whether the median pruner finds trials to stop."""
        self.workers = workers
        self.course = Course()
        self._seconds = seconds
        self._stopped = stopped
        self._rng = np.random.default_rng(seed)
        self._clock = clock
        self._origin = clock()
        self._skipped = 0.0
        self._due: list[tuple[float, int, Event]] = []
        self._order = itertools.count()
        self._running: dict[int, _Running] = {}
        self._free: list[float] = []  # since when each idle worker is idle, except those that never had a trial

    def now(self) -> float:
        """Seconds since the start, including skipped time."""
        return self._clock() - self._origin + self._skipped

    def prepare(self, count: int) -> None:
        """Nothing to do."""

    def start(self, job: TrialJob) -> None:
        """Gives a trial to a worker."""
        now = self.now()
        length = self._seconds * self._rng.uniform(1.0 - SPREAD, 1.0 + SPREAD)
        first = len(self.course.begun) < self.workers
        ahead = not self._stopped or self._rng.random() < (UNDER_WAY if first else COMPLETE_SHARE)
        running = _Running(job=job, interval=length / len(job.checkpoints), left=[*self._curve(job, ahead)], seen=[])
        done = float(self._rng.uniform(0.0, len(running.left) * (1.0 if ahead else SHORT))) if first else 0.0
        if first:
            self.course.begun.append(now)
        else:
            self.course.gaps.append((now, now - heapq.heappop(self._free)))
        running.left = running.left[int(done) :]
        self._running[job.number] = running
        self._train(running, now, (1.0 - done % 1.0) * running.interval)

    def wait(self, timeout: float) -> list[Event]:
        """The events that are due; if there are none, skips to the next one."""
        now = self.now()
        if self._due and self._due[0][0] > now:
            skipped = min(self._due[0][0] - now, timeout)
            self._skipped += skipped
            self.course.idle.append((now, now + skipped))
            now = max(now + skipped, self.now())
        events = []
        while self._due and self._due[0][0] <= now:
            events.append(heapq.heappop(self._due)[2])
        return events

    def answer(self, number: int, decision: Decision) -> None:
        """Lets a trial continue, or ends it."""
        now = self.now()
        running = self._running[number]
        self.course.answers.append((now, now - running.due))
        if decision.go_on and running.left:
            self._train(running, now, running.interval)
            return
        del self._running[number]
        self.course.ends.append((now, decision.go_on))
        heapq.heappush(self._free, now)
        self._push(now, Finished(number=number, outcome=self._outcome(running, decision)))

    def stop(self) -> None:
        """Nothing runs."""

    def _train(self, running: _Running, now: float, seconds: float) -> None:
        evaluation = running.left.pop(0)
        running.seen.append(evaluation)
        running.due = now + seconds
        self.course.trained.append((now, running.due))
        self._push(running.due, Evaluated(number=running.job.number, evaluation=evaluation))

    def _push(self, due: float, event: Event) -> None:
        heapq.heappush(self._due, (due, next(self._order), event))

    def _curve(self, job: TrialJob, ahead: bool) -> Sequence[Evaluation]:
        skill = self._rng.uniform(*AHEAD) + LEARNT * job.number if ahead else self._rng.uniform(*BEHIND)
        return [*learning_curve(job.checkpoints, float(skill), self._rng)]

    def _outcome(self, running: _Running, decision: Decision) -> TrialOutcome:
        return outcome(running.job.params, running.seen, MODEL if decision.keep else None, decision.go_on)


class Until:
    """A source that calls `enough` before every operation, and abandons the running trials when it returns true."""

    def __init__(self, source: JobSource, enough: Callable[[], bool]) -> None:
        self._source = source
        self._enough = enough

    def next_job(self) -> TrialJob | None:
        """The source's."""
        self._look()
        return self._source.next_job()

    def on_evaluation(self, number: int, evaluation: Evaluation) -> Decision:
        """The source's."""
        self._look()
        return self._source.on_evaluation(number, evaluation)

    def on_outcome(self, number: int, outcome: TrialOutcome) -> None:
        """The source's."""
        self._source.on_outcome(number, outcome)

    def interrupt(self) -> None:
        """Does nothing: the study is discarded."""

    def _look(self) -> None:
        if self._enough():
            raise Enough


def within(spans: Sequence[tuple[float, float]], begin: float, end: float) -> float:
    """Total seconds of the spans between `begin` and `end`."""
    if not spans:
        return 0.0
    edges = np.clip(np.array(spans), begin, end)
    return float((edges[:, 1] - edges[:, 0]).sum())
