"""Workers that train in simulated time: the coordinator's work takes the time it takes, waiting takes none."""

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

SPREAD = 0.3  # of a trial's length, to either side: what is tuned decides on it as well
BEHIND, AHEAD = (0.0, 0.3), (0.35, 0.6)  # what trials come to that the median rule stops, and the others
SHORT = 1 / 3  # of a trial's length, after which the rule stops those: the first checkpoint behind its warm-up
UNDER_WAY = COMPLETE_SHARE / (COMPLETE_SHARE + SHORT * (1 - COMPLETE_SHARE))  # the others' share of those that run


class Enough(BaseException):
    """All that was to be measured is measured."""


@dataclass(kw_only=True)
class Course:
    """What a simulation saw; seconds of simulated time from its beginning."""

    trained: list[tuple[float, float]] = field(default_factory=list)  # from when to when some worker trained
    answers: list[tuple[float, float]] = field(default_factory=list)  # when an answer came, and how late
    gaps: list[tuple[float, float]] = field(default_factory=list)  # when a worker got another trial, and how late
    ends: list[tuple[float, bool]] = field(default_factory=list)  # when a trial ended, and whether it went all the way
    begun: list[float] = field(default_factory=list)  # when each worker got its first trial
    idle: list[tuple[float, float]] = field(default_factory=list)  # from when to when the coordinator had nothing to do


@dataclass(kw_only=True)
class _Running:
    job: TrialJob
    interval: float  # s from checkpoint to checkpoint
    left: list[Evaluation]
    seen: list[Evaluation]
    due: float = 0.0  # when it came to what it waits with


class SimulatedEngine:
    """Workers whose training takes seconds that nobody waits for.

    Time is the clock's, and what was skipped: where nothing is due, `wait` goes straight to the next event. A worker
    trains from an answer to its next checkpoint, and does nothing from a checkpoint to the answer and from a trial's
    end to the next trial. Each worker's first trial is somewhere in its midst, as in a run that has gone on for long,
    of either kind as many as then run.
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
        """Takes what a whole trial lasts on average, and whether the median rule finds trials to stop."""
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
        self._free: list[float] = []  # since when each idle worker is, but those that never had a trial

    def now(self) -> float:
        """Seconds since the beginning, skipped ones included."""
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
        """What is due; where nothing is, the time until then is skipped."""
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
        """Lets a trial train on, or end."""
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
    """A source that has `enough` looked at before each thing it does, and leaves behind what runs when it is so."""

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
        """Nothing: the study is thrown away."""

    def _look(self) -> None:
        if self._enough():
            raise Enough


def within(spans: Sequence[tuple[float, float]], begin: float, end: float) -> float:
    """Seconds of some spans that lie between `begin` and `end`."""
    if not spans:
        return 0.0
    edges = np.clip(np.array(spans), begin, end)
    return float((edges[:, 1] - edges[:, 0]).sum())
