"""Progress of running jobs as bars and lines, for terminals, logs and notebooks."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from tuner.app.bar import Bar, clock, evaluated_curve, in_short, leader_bar, worth
from tuner.app.comparison_tally import ComparisonTally
from tuner.app.notify import ComparisonUnderWay, ConfirmationUnderWay, TrainingUnderWay, TrialsUnderWay, Work
from tuner.app.training_tally import TrainingTally
from tuner.config.model import LATE_EVALUATIONS
from tuner.finals.confirmation_plan import ConfirmationRun
from tuner.planning.estimate import Estimate
from tuner.records import Evaluation, TrialJob, TrialOutcome
from tuner.study.rows import Configuration
from tuner.study.search_source import evaluations_of, late_mean, trial_value

FINALS = "finals: the remaining trials repeat the leading configurations on new training seeds"


class Tally(Protocol):
    """Counts jobs; returns a log line per event, empty if there is nothing to log."""

    counts: ClassVar[bool]  # whether a log says at every end how far all of it is

    def started(self, job: TrialJob) -> str:
        """A job began."""

    def evaluated(self, number: int, evaluation: Evaluation) -> str:
        """A job reached a checkpoint."""

    def finished(self, number: int, outcome: TrialOutcome) -> str:
        """A job ended."""

    def line(self) -> str:
        """All of it in a line."""

    def bars(self) -> list[Bar]:
        """The whole first, then what runs."""

    def leader(self) -> Bar | None:
        """What leads so far; None where nothing is said of it before the end."""


def tally_of(work: Work) -> Tally:
    """A tally of work that begins."""
    match work:
        case TrialsUnderWay():
            return TrialsTally(
                target=work.spec.trials,
                total_steps=work.spec.timesteps,
                done=work.finished,
                forecast=work.estimate,
                best=work.best,
                over=evaluations_of(work.spec),
                name_of=work.source.name_of,
                is_repeat=work.source.is_repeat,
                leader_of=work.source.leader,
                likely_pruned=work.source.likely_pruned,
                searched=tuple(work.spec.space.parameters),
            )
        case TrainingUnderWay():
            return TrainingTally(work)
        case ConfirmationUnderWay():
            return ConfirmationTally(work)
        case ComparisonUnderWay():
            return ComparisonTally(work)
    raise TypeError(f"there is no tally of {type(work).__name__}")


@dataclass(kw_only=True)
class TrialsTally:
    """A study's trials."""

    counts: ClassVar[bool] = True
    target: int
    total_steps: int  # of a full trial
    done: int  # finished trials, earlier runs' included
    forecast: Estimate
    best: tuple[float, float | None] | None  # score and success
    over: int | None = LATE_EVALUATIONS  # last evaluations that make a score; None for all
    name_of: Callable[[int], str] = "trial {}".format  # of a job, by its number
    is_repeat: Callable[[int], bool] = lambda _: False  # whether a job is of the finals
    leader_of: Callable[[], Configuration | None] = lambda: None
    likely_pruned: Callable[[int], bool] = lambda _: False  # a running job, by its number
    searched: tuple[str, ...] = ()  # names of parameters
    begun: float = field(default_factory=time.monotonic)
    pruned: int = 0
    steps: int = 0  # of trials that ended
    running: dict[int, list[Evaluation]] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    details: dict[int, str] = field(default_factory=dict)
    behind: dict[int, tuple[int, bool]] = field(default_factory=dict)  # by job: evaluations, and whether likely pruned
    finals: bool = False  # whether a repeat has begun

    def started(self, job: TrialJob) -> str:
        self.running[job.number] = []
        self.names[job.number] = self.name_of(job.number)
        self.details[job.number] = in_short(job, self.searched)
        if self.finals or not self.is_repeat(job.number):
            return ""
        self.finals = True
        return FINALS

    def evaluated(self, number: int, evaluation: Evaluation) -> str:
        self.running[number].append(evaluation)
        return ""

    def finished(self, number: int, outcome: TrialOutcome) -> str:
        return f"{self.names.pop(number)} {self._end(self.running.pop(number), outcome)}"

    def _end(self, evaluations: list[Evaluation], outcome: TrialOutcome) -> str:
        """Counts an end; says how it was in a few words."""
        self.steps += outcome.steps
        if outcome.state == "failed":
            return f"failed ({outcome.reason})"
        self.done += 1
        if outcome.state != "completed":
            self.pruned += 1
            at = evaluations[-1].step if evaluations else 0
            return f"pruned at {at:,} steps" + (f" ({outcome.reason})" if outcome.reason else "")
        value = trial_value(evaluations, self.over)
        success = late_mean([evaluation.success for evaluation in evaluations])
        if self.best is None or value > self.best[0]:
            self.best = (value, success)
        return f"score {value:.3f}" + (f", success {success:.0%}" if success is not None else "")

    def speed(self) -> float:
        """Environment steps a second, over all workers, since the run began."""
        return (self.steps + self._steps_under_way()) / max(time.monotonic() - self.begun, 1e-9)

    def seconds_left(self) -> float:
        """From the speed of this run, once it has any, else from the forecast."""
        speed = self.speed()
        if not speed:
            return max(self.forecast.likely * 60 - (time.monotonic() - self.begun), 0.0)
        steps_a_trial = self.total_steps * self.forecast.likely / self.forecast.unpruned
        return max((self.target - self.done) * steps_a_trial - self._steps_under_way(), 0.0) / speed

    def _steps_under_way(self) -> int:
        return sum(evaluations[-1].step for evaluations in self.running.values() if evaluations)

    def best_text(self) -> str:
        """The best score with its success rate."""
        if self.best is None:
            return "no score yet"
        value, success = self.best
        return f"best {value:.3f}" + (f" (success {success:.0%})" if success is not None else "")

    def line(self) -> str:
        return (
            f"{self.done}/{self.target} done, {len(self.running)} running, {self.pruned} pruned here | "
            f"{self.best_text()} | {self.speed():,.0f} steps/s | {clock(self.seconds_left())} left"
        )

    def bars(self) -> list[Bar]:
        return [
            Bar(label="trials", done=self.done, total=self.target),
            *(self._bar(number, seen) for number, seen in sorted(self.running.items())),
        ]

    def _bar(self, number: int, seen: list[Evaluation]) -> Bar:
        step = seen[-1].step if seen else 0
        return Bar(
            label=self.names[number],
            done=step,
            total=self.total_steps,
            text=f"{step:,} steps, score {seen[-1].score:.3f}" if seen else "starting",
            detail=self.details[number],
            likely_pruned=self._is_behind(number, len(seen)),
            **evaluated_curve(seen),
        )

    def _is_behind(self, number: int, count: int) -> bool:
        if not count:
            return False
        if self.behind.get(number, (0, False))[0] != count:
            self.behind[number] = (count, self.likely_pruned(number))
        return self.behind[number][1]

    def leader(self) -> Bar | None:
        return None if (one := self.leader_of()) is None else leader_bar(one)


class ConfirmationTally:
    """A confirmation's runs."""

    counts: ClassVar[bool] = True

    def __init__(self, work: ConfirmationUnderWay) -> None:
        self._work = work
        self._taken: list[float] = []  # s, by the runs of this time
        self._runs: dict[int, ConfirmationRun] = {}
        self._seen: dict[int, list[Evaluation]] = {}

    def started(self, job: TrialJob) -> str:
        self._runs[job.number], self._seen[job.number] = self._work.source.run_of(job.number), []
        return ""

    def evaluated(self, number: int, evaluation: Evaluation) -> str:
        self._seen[number].append(evaluation)
        return ""

    def finished(self, number: int, outcome: TrialOutcome) -> str:
        name, seen = _run_name(self._runs.pop(number)), self._seen.pop(number)
        self._taken.append(outcome.seconds)
        completed = seen and outcome.state == "completed"
        return f"{name}: {worth(seen[-1], self._work.spec) if completed else f'{outcome.state} ({outcome.reason})'}"

    def line(self) -> str:
        done, most = self._work.source.counts()
        each = statistics.median(self._taken or [0.0]) or self._work.seconds
        return f"{done}/{most} done | {clock((most - done) / self._work.workers * each)} left"

    def bars(self) -> list[Bar]:
        done, most = self._work.source.counts()
        runs = sorted(self._runs.items())
        return [Bar(label="runs", done=done, total=most), *(self._bar(run, self._seen[one]) for one, run in runs)]

    def _bar(self, run: ConfirmationRun, seen: list[Evaluation]) -> Bar:
        return Bar(
            label=_run_name(run),
            done=seen[-1].step if seen else 0,
            total=self._work.steps,
            text=worth(seen[-1], self._work.spec) if seen else "starting",
            **evaluated_curve(seen),
        )

    def leader(self) -> None:
        """No verdict before all runs have ended."""


def _run_name(run: ConfirmationRun) -> str:
    return f"{run.phase} seed {run.place + 1}, {run.arm.name}"
