"""Progress of a run: a live display in a terminal, plain lines elsewhere."""

import contextlib
import sys
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from tuner.app.notify import TrialsUnderWay
from tuner.cli.render.live_display import LiveDisplay
from tuner.cli.render.words import clock
from tuner.coordinator import Listener
from tuner.planning.estimate import Estimate
from tuner.records import Decision, Evaluation, TrialJob, TrialOutcome
from tuner.study.search_source import late_mean, trial_value


@dataclass(kw_only=True)
class Tally:
    """What a run has come to so far."""

    target: int
    total_steps: int  # of a full trial
    done: int  # finished trials, earlier runs' included
    workers: int
    forecast: Estimate
    best: tuple[float, float | None] | None  # score and success
    begun: float = field(default_factory=time.monotonic)
    finished_here: int = 0
    pruned: int = 0
    failed: int = 0
    steps: int = 0  # of trials that ended
    running: dict[int, list[Evaluation]] = field(default_factory=dict)

    def started(self, job: TrialJob) -> None:
        """A trial began."""
        self.running[job.number] = []

    def evaluated(self, number: int, evaluation: Evaluation) -> None:
        """A trial reached a checkpoint."""
        self.running[number].append(evaluation)

    def finished(self, number: int, outcome: TrialOutcome) -> str:
        """A trial ended; says how in a few words."""
        evaluations = self.running.pop(number)
        self.steps += outcome.steps
        if outcome.state == "failed":
            self.failed += 1
            return f"failed ({outcome.reason})"
        self.done += 1
        self.finished_here += 1
        if outcome.state != "completed":
            self.pruned += 1
            at = evaluations[-1].step if evaluations else 0
            return f"pruned at {at:,} steps" + (f" ({outcome.reason})" if outcome.reason else "")
        value, success = trial_value(evaluations), late_mean([evaluation.success for evaluation in evaluations])
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
        """The tally in a line."""
        return (
            f"{self.done}/{self.target} done, {len(self.running)} running, {self.pruned} pruned here | "
            f"{self.best_text()} | {self.speed():,.0f} steps/s | {clock(self.seconds_left())} left"
        )


class PlainProgress:
    """A line a finished trial."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def started(self, job: TrialJob) -> None:
        """A job began."""
        self._tally.started(job)

    def evaluated(self, number: int, evaluation: Evaluation, decision: Decision) -> None:  # noqa: ARG002
        """A job reached a checkpoint."""
        self._tally.evaluated(number, evaluation)

    def finished(self, number: int, outcome: TrialOutcome) -> None:
        """A job ended."""
        self._write(f"trial {number} {self._tally.finished(number, outcome)} | {self._tally.line()}")

    def tick(self) -> None:
        """Time passed."""

    def _write(self, text: str) -> None:
        sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")
        sys.stderr.flush()


class LiveProgress(LiveDisplay, PlainProgress):
    """A display that stays in place: a bar, the tally, and a line a running trial; finished trials scroll above."""

    def __init__(self, tally: Tally) -> None:
        PlainProgress.__init__(self, tally)
        LiveDisplay.__init__(self)

    def _write(self, text: str) -> None:
        super()._write(text.split(" | ")[0])

    def _picture(self) -> Table:
        tally = self._tally
        table = Table(box=None, pad_edge=False, show_header=False)
        for number, evaluations in sorted(tally.running.items()):
            step = evaluations[-1].step if evaluations else 0
            state = f"score {evaluations[-1].score:.3f}" if evaluations else "starting"
            table.add_row(
                f"trial {number}",
                ProgressBar(total=tally.total_steps, completed=step, width=24),
                f"{step:,} steps",
                state,
            )
        picture = Table.grid()
        picture.add_row(ProgressBar(total=tally.target, completed=tally.done, width=60))
        picture.add_row(Text(tally.line()))
        picture.add_row(table)
        return picture


def trials_progress(work: TrialsUnderWay) -> AbstractContextManager[Listener]:
    """The display that suits where standard error goes."""
    tally = Tally(
        target=work.spec.trials,
        total_steps=work.spec.timesteps,
        done=work.finished,
        workers=work.workers,
        forecast=work.estimate,
        best=work.best,
    )
    return LiveProgress(tally) if sys.stderr.isatty() else contextlib.nullcontext(PlainProgress(tally))
