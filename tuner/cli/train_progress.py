"""Progress of a training for use: a bar a run in a terminal, plain lines elsewhere; on standard error."""

import sys
import time
from types import TracebackType
from typing import Self

from rich.progress_bar import ProgressBar
from rich.table import Table

from tuner.cli.displays import LiveDisplay
from tuner.cli.progress import Progress, clock
from tuner.final.plan import Plan
from tuner.final.source import FinalSource
from tuner.records import Decision, Evaluation, TrialJob, TrialOutcome


class PlainTraining:
    """A line a checkpoint."""

    def __init__(self, source: FinalSource, plan: Plan) -> None:
        self._source = source
        self._total = plan.recipe.spec.timesteps
        self._count = len(plan.seeds)
        self._running: dict[int, int] = {}  # number of a job → its training seed

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

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

    def __init__(self, source: FinalSource, plan: Plan) -> None:
        PlainTraining.__init__(self, source, plan)
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


def make_progress(source: FinalSource, plan: Plan) -> Progress:
    """The display that suits where standard error goes."""
    return LiveTraining(source, plan) if sys.stderr.isatty() else PlainTraining(source, plan)
