"""Progress of running jobs as bars and lines, for terminals, logs and notebooks."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from tuner.app.bar import Bar
from tuner.app.comparison_tally import ComparisonTally
from tuner.app.notify import ComparisonUnderWay, ConfirmationUnderWay, TrainingUnderWay, TrialsUnderWay, Work
from tuner.config.model import LATE_EVALUATIONS, StudySpec
from tuner.finals.confirmation_plan import ConfirmationRun
from tuner.planning.estimate import Estimate
from tuner.records import Evaluation, TrialJob, TrialOutcome
from tuner.statistics.answer_records import figure
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
    begun: float = field(default_factory=time.monotonic)
    pruned: int = 0
    steps: int = 0  # of trials that ended
    running: dict[int, list[Evaluation]] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    finals: bool = False  # whether a repeat has begun

    def started(self, job: TrialJob) -> str:
        self.running[job.number] = []
        self.names[job.number] = self.name_of(job.number)
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
            *(self._bar(number, seen[-1] if seen else None) for number, seen in sorted(self.running.items())),
        ]

    def _bar(self, number: int, last: Evaluation | None) -> Bar:
        step = last.step if last else 0
        text = f"{step:,} steps  {f'score {last.score:.3f}' if last else 'starting'}"
        return Bar(label=self.names[number], done=step, total=self.total_steps, text=text)


class ConfirmationTally:
    """A confirmation's runs."""

    counts: ClassVar[bool] = True

    def __init__(self, work: ConfirmationUnderWay) -> None:
        self._work = work
        self._taken: list[float] = []  # s, by the runs of this time
        self._runs: dict[int, ConfirmationRun] = {}
        self._last: dict[int, Evaluation] = {}

    def started(self, job: TrialJob) -> str:
        self._runs[job.number] = self._work.source.run_of(job.number)
        return ""

    def evaluated(self, number: int, evaluation: Evaluation) -> str:
        self._last[number] = evaluation
        return ""

    def finished(self, number: int, outcome: TrialOutcome) -> str:
        name, last = _run_name(self._runs.pop(number)), self._last.pop(number, None)
        self._taken.append(outcome.seconds)
        completed = last if outcome.state == "completed" else None
        said = worth(completed, self._work.spec) if completed else f"{outcome.state} ({outcome.reason})"
        return f"{name}: {said}"

    def line(self) -> str:
        done, most = self._work.source.counts()
        each = statistics.median(self._taken or [0.0]) or self._work.seconds
        return f"{done}/{most} done | {clock((most - done) / self._work.workers * each)} left"

    def bars(self) -> list[Bar]:
        done, most = self._work.source.counts()
        runs = sorted(self._runs.items())
        return [Bar(label="runs", done=done, total=most), *(self._bar(run, self._last.get(one)) for one, run in runs)]

    def _bar(self, run: ConfirmationRun, last: Evaluation | None) -> Bar:
        text = worth(last, self._work.spec) if last else "starting"
        return Bar(label=_run_name(run), done=last.step if last else 0, total=self._work.steps, text=text)


def _run_name(run: ConfirmationRun) -> str:
    return f"{run.phase} seed {run.place + 1}, {run.arm.name}"


class TrainingTally:
    """The runs of a final training."""

    counts: ClassVar[bool] = True

    def __init__(self, work: TrainingUnderWay) -> None:
        self._source = work.source
        self._spec = work.plan.recipe.spec
        self._total = self._spec.timesteps
        self._count = len(work.plan.seeds)
        self._running: dict[int, int] = {}  # number of a job → its training seed

    def started(self, job: TrialJob) -> str:
        """A run began or resumed."""
        self._running[job.number] = job.seed
        return ""

    def evaluated(self, number: int, evaluation: Evaluation) -> str:  # noqa: ARG002 - the source has it
        return f"seed {self._running[number]} {self._state(number)}"

    def finished(self, number: int, outcome: TrialOutcome) -> str:
        said = "done" if outcome.state == "completed" else f"{outcome.state} ({outcome.reason})"
        return f"seed {self._running.pop(number)} {said}"

    def line(self) -> str:
        return f"{self._count - self._source.missing}/{self._count} runs done"

    def bars(self) -> list[Bar]:
        whole = [Bar(label="runs", done=self._count - self._source.missing, total=self._count)] * (self._count > 1)
        return [*whole, *(self._bar(number, seed) for number, seed in sorted(self._running.items()))]

    def _bar(self, number: int, seed: int) -> Bar:
        seen = self._source.so_far(number)
        done = seen[-1].step if seen else 0
        return Bar(label=f"seed {seed}", done=done, total=self._total, text=self._state(number))

    def _state(self, number: int) -> str:
        seen = self._source.so_far(number)
        if not seen:
            return "starting"
        last = seen[-1]
        speed = last.step / max(last.seconds, 1e-9)
        left = clock((self._total - last.step) / max(speed, 1e-9))
        said = worth(last, self._spec)
        return f"{last.step:,}/{self._total:,} steps, {said} | {speed:,.0f} steps/s | {left} left"


def worth(last: Evaluation, spec: StudySpec) -> str:
    """An evaluation's success rate, else its return, or its score where the objective is neither."""
    measure = spec.objective.measure(told=last.success is not None)
    values = {"success": last.success, "return": last.mean_return, "score": last.score}
    return f"{measure} {figure(values[measure], measure)}"


def clock(seconds: float) -> str:
    """Seconds as 5 s, 12 min or 3.4 h."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
