"""Progress of a training for use: a bar a run in a terminal, plain lines elsewhere; on standard error."""

import contextlib
import sys
import time
from contextlib import AbstractContextManager

from rich.progress_bar import ProgressBar
from rich.table import Table

from tuner.app.notify import TrainingUnderWay
from tuner.cli.render.live_display import LiveDisplay
from tuner.cli.render.words import clock
from tuner.coordinator import Listener
from tuner.final_training.training_plan import TrainingPlan
from tuner.final_training.training_summary import TrainingSummary
from tuner.records import Decision, Evaluation, TrialJob, TrialOutcome


class PlainTraining:
    """A line a checkpoint."""

    def __init__(self, work: TrainingUnderWay) -> None:
        self._source = work.source
        self._total = work.plan.recipe.spec.timesteps
        self._count = len(work.plan.seeds)
        self._running: dict[int, int] = {}  # number of a job → its training seed

    def started(self, job: TrialJob) -> None:
        """A run began, or goes on."""
        self._running[job.number] = job.seed

    def evaluated(self, number: int, evaluation: Evaluation, decision: Decision) -> None:  # noqa: ARG002
        """A run reached a checkpoint."""
        self._write(f"seed {self._running[number]} {self._state(number)}")

    def finished(self, number: int, outcome: TrialOutcome) -> None:
        """A run ended."""
        seed = self._running.pop(number)
        said = "done" if outcome.state == "completed" else f"{outcome.state} ({outcome.reason})"
        self._write(f"seed {seed} {said} | {self._count - self._source.missing}/{self._count} runs done")

    def tick(self) -> None:
        """Time passed."""

    def _state(self, number: int) -> str:
        seen = self._source.so_far(number)
        if not seen:
            return "starting"
        last = seen[-1]
        success = f"success {last.success:.0%}" if last.success is not None else f"return {last.mean_return:.4g}"
        speed = last.step / max(last.seconds, 1e-9)
        left = clock((self._total - last.step) / max(speed, 1e-9))
        return f"{last.step:,}/{self._total:,} steps, {success} | {speed:,.0f} steps/s | {left} left"

    def _write(self, text: str) -> None:
        sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")
        sys.stderr.flush()


class LiveTraining(LiveDisplay, PlainTraining):
    """A display that stays in place: a bar a run, and one over all where there are several."""

    def __init__(self, work: TrainingUnderWay) -> None:
        PlainTraining.__init__(self, work)
        LiveDisplay.__init__(self)

    def evaluated(self, number: int, evaluation: Evaluation, decision: Decision) -> None:  # noqa: ARG002
        """A run reached a checkpoint."""
        self.tick()

    def _picture(self) -> Table:
        picture = Table.grid(padding=(0, 1))
        if self._count > 1:
            done = self._count - self._source.missing
            picture.add_row("runs", ProgressBar(total=self._count, completed=done, width=24), f"{done}/{self._count}")
        for number, seed in sorted(self._running.items()):
            seen = self._source.so_far(number)
            bar = ProgressBar(total=self._total, completed=seen[-1].step if seen else 0, width=24)
            picture.add_row(f"seed {seed}", bar, self._state(number))
        return picture


def training_progress(work: TrainingUnderWay) -> AbstractContextManager[Listener]:
    """The display that suits where standard error goes."""
    if sys.stderr.isatty():
        return LiveTraining(work)
    return contextlib.nullcontext(PlainTraining(work))


def print_training(plan: TrainingPlan, summary: TrainingSummary) -> None:
    """What the finished runs have come to, on standard output."""
    for line in summary.words:
        sys.stdout.write(f"{line}.\n")
    missing = len(plan.seeds) - len(summary.results)
    if missing:
        sys.stdout.write(f"{missing} of {len(plan.seeds)} runs are not finished; the same command goes on.\n")
    sys.stdout.write(f"Models, curve and card: {plan.folder / 'README.md'}\n")
