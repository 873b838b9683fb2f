"""A comparison for people: a line an evaluation while it runs, a table at the end."""

import time

from rich.table import Table

from tuner.app.notify import ComparisonUnderWay
from tuner.cli.render.tables import make_console
from tuner.cli.render.words import say
from tuner.comparison.comparison_records import Comparison
from tuner.comparison.measures import measure, seconds, words
from tuner.output.comparison_page import COLUMNS, cells
from tuner.records import Decision, Evaluation, TrialJob, TrialOutcome


class ComparisonLines:
    """Says what happens, a line each, on standard error."""

    def __init__(self, work: ComparisonUnderWay) -> None:
        self._seed = work.source.seed
        self._limit = work.seconds
        self._names: dict[int, str] = {}
        self._evaluating: dict[int, float] = {}  # s that evaluations took, by job

    def started(self, job: TrialJob) -> None:
        """A run began."""
        self._names[job.number] = f"{job.algorithm}, seed {self._seed(job)}"
        self._evaluating[job.number] = 0.0
        self._say(job.number, "begins")

    def evaluated(self, number: int, evaluation: Evaluation, decision: Decision) -> None:  # noqa: ARG002
        """A run reached a checkpoint."""
        self._evaluating[number] += evaluation.evaluation_seconds
        spent = evaluation.seconds - self._evaluating[number]
        success = f"success {evaluation.success:.0%}" if evaluation.success is not None else "success is not told"
        worth = f"{success}, return {evaluation.mean_return:.4g}"
        self._say(number, f"{evaluation.step:,} steps, {spent:.0f} of {seconds(self._limit)}: {worth}")

    def finished(self, number: int, outcome: TrialOutcome) -> None:
        """A run ended."""
        ends = {"completed": "has made all its steps", "stopped": "time is up"}
        self._say(number, ends.get(outcome.state, f"{outcome.state} ({outcome.reason})"))

    def tick(self) -> None:
        """Time passed."""

    def _say(self, number: int, text: str) -> None:
        say(f"{time.strftime('%H:%M:%S')} {self._names[number]}: {text}")


def print_comparison(comparison: Comparison) -> None:
    """A row an algorithm, then what stands out."""
    table = Table(*COLUMNS, box=None, pad_edge=False)
    for arm in comparison.arms:
        table.add_row(*cells(comparison, measure(comparison, arm.algorithm)), arm.source)
    console = make_console()
    console.print(table)
    for line in words(comparison):
        console.print(line)
