"""A confirmation for people: a line a run while it goes on, a table at the end."""

import statistics
import time

from rich.console import Console
from rich.table import Table

from tuner.cli.progress import clock
from tuner.cli.tables import make_console
from tuner.cli.words import say
from tuner.confirm.plan import TEST_GOALS, Run
from tuner.confirm.result import ArmResult, Confirmation, Measure
from tuner.confirm.source import ConfirmationSource
from tuner.records import Decision, Evaluation, TrialJob, TrialOutcome


class RunLines:
    """Says how every run ended, a line each, on standard error."""

    def __init__(self, source: ConfirmationSource, *, workers: int, seconds: float) -> None:
        """Takes the seconds of a typical run."""
        self._source = source
        self._workers = workers
        self._seconds = seconds
        self._runs: dict[int, Run] = {}
        self._last: dict[int, Evaluation] = {}

    def started(self, job: TrialJob) -> None:
        """A run began."""
        self._runs[job.number] = self._source.run_of(job.number)

    def evaluated(self, number: int, evaluation: Evaluation, decision: Decision) -> None:  # noqa: ARG002
        """A run reached a checkpoint."""
        self._last[number] = evaluation

    def finished(self, number: int, outcome: TrialOutcome) -> None:
        """A run ended."""
        run, last = self._runs.pop(number), self._last.pop(number, None)
        done, most = self._source.counts()
        left = clock((most - done) / self._workers * self._seconds)
        said = _worth(last) if outcome.state == "completed" and last else f"{outcome.state} ({outcome.reason})"
        where = f"{run.phase} seed {run.place + 1}, {run.arm.name}"
        say(f"{time.strftime('%H:%M:%S')} {where}: {said} | {done}/{most} done | {left} left")

    def tick(self) -> None:
        """Time passed."""


def _worth(last: Evaluation) -> str:
    return f"success {last.success:.0%}" if last.success is not None else f"return {last.mean_return:.4g}"


def print_confirmation(confirmation: Confirmation) -> None:
    """Who takes part and what each seed gave, then the answer."""
    console = make_console()
    state = "" if confirmation.complete else f", {confirmation.done} of {confirmation.planned} runs so far"
    console.print(f"Confirmation of study {confirmation.study!r}{state}")
    if any(one.validation for one in confirmation.arms):
        _print_validation(console, confirmation)
    if any(one.test for one in confirmation.arms):
        print_answer(console, confirmation)


def _print_validation(console: Console, confirmation: Confirmation) -> None:
    table = Table("validation", "tuning", "by seed", "mean", "", box=None, pad_edge=False)
    for one in confirmation.arms:
        table.add_row(
            one.arm.name,
            shown(_tuning(one, confirmation.measure), confirmation.measure),
            _by_seed(one.validation, confirmation.measure),
            shown(statistics.fmean(one.validation) if one.validation else None, confirmation.measure),
            _fate(one, confirmation),
        )
    console.print(table)


def _fate(one: ArmResult, confirmation: Confirmation) -> str:
    if confirmation.winner is not None and one.arm.name == confirmation.winner.name:
        return "winner"
    return "clearly behind" if one.dropped else ""


def print_answer(console: Console, confirmation: Confirmation) -> None:
    """The seam: every seed's value and the mean of each arm in the test, then the optimism."""
    measure = confirmation.measure
    console.print(f"{measure.capitalize()} in the test: the last evaluation, over {TEST_GOALS} goals")
    table = Table("test", "by seed", "mean", box=None, pad_edge=False)
    for one in tested_arms(confirmation):
        table.add_row(one.arm.name, _by_seed(one.test, measure), shown(statistics.fmean(one.test), measure))
    console.print(table)
    if confirmation.optimism is not None:
        console.print(f"Optimism, tuning less test: {shown(confirmation.optimism, measure)}")


def tested_arms(confirmation: Confirmation) -> list[ArmResult]:
    """Those with test runs, the winner first."""
    found = [one for one in confirmation.arms if one.test]
    return sorted(found, key=lambda one: confirmation.winner is None or one.arm.name != confirmation.winner.name)


def _tuning(one: ArmResult, measure: Measure) -> float | None:
    return one.arm.success if measure == "success" else one.arm.mean_return


def _by_seed(values: tuple[float, ...], measure: Measure) -> str:
    return " ".join(shown(value, measure) for value in values) or "-"


def shown(value: float | None, measure: Measure) -> str:
    """A success rate in per cent, a return in four digits."""
    if value is None:
        return "-"
    return f"{value:.0%}" if measure == "success" else f"{value:.4g}"
