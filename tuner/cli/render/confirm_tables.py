"""A confirmation as tables on standard output."""

import statistics

from rich.table import Table

from tuner.cli.render.result_console import ResultConsole
from tuner.finals.confirmation_plan import TEST_GOALS
from tuner.results.answer import capital
from tuner.results.confirmation_reading import ArmResult, Confirmation, ConfirmationReading, name_in_answer, tuning
from tuner.statistics.answer_records import WINNER, Answer, Measure, figure, points


def print_confirmation(confirmation: Confirmation) -> None:
    """The answer first, then the validation that chose the winner, seed by seed."""
    console = ResultConsole()
    state = "" if confirmation.complete else f", {confirmation.done} of {confirmation.planned} runs so far"
    console.print(f"Confirmation of study {confirmation.study!r}{state}")
    if confirmation.answer is not None:
        _print_answer(console, confirmation, confirmation.answer)
    if not confirmation.complete:
        console.print("Verdicts follow once all runs are done: run the same command to resume.")
    if any(one.validation for one in confirmation.arms):
        _print_validation(console, confirmation)


def print_reading(reading: ConfirmationReading) -> None:
    """The state of a confirmation in a few lines."""
    console, found = ResultConsole(), reading.confirmation
    if not found.complete or found.answer is None:
        console.print(f"Confirmation: {found.done} of {found.planned} runs; resume with `tuner confirm {found.study}`.")
        return
    arms = [(one, found.answer.arm(name_in_answer(one.arm))) for one in found.tested]
    figures = [f"{one.arm.name} {figure(arm.iqm, found.measure, arm.iqm_interval)}" for one, arm in arms]
    console.print(f"Confirmed over {found.test_seeds} test seeds, IQM of {found.measure}, 95 %: {'; '.join(figures)}.")
    for line in conclusions(found):
        console.print(line)
    if reading.newer:
        more = f"{reading.newer} trial{'s' * (reading.newer > 1)}"
        console.print(f"The study has completed {more} since: `tuner confirm {found.study}` includes them.")


def _print_validation(console: ResultConsole, confirmation: Confirmation) -> None:
    measure = confirmation.measure
    table = Table(f"{measure}, validation", "in tuning", "by seed", "mean", "", box=None, pad_edge=False)
    for one in confirmation.arms:
        mean = statistics.fmean(one.validation) if one.validation else None
        tuned = figure(tuning(one.arm, measure), measure)
        table.add_row(
            one.arm.name, tuned, _by_seed(one.validation, measure), figure(mean, measure), _standing(one, confirmation)
        )
    console.print(table)


def _standing(one: ArmResult, confirmation: Confirmation) -> str:
    if confirmation.winner is not None and one.arm.name == confirmation.winner.name:
        return "best"
    return "clearly behind" if one.dropped else ""


def _print_answer(console: ResultConsole, confirmation: Confirmation, answer: Answer) -> None:
    measure = confirmation.measure
    table = Table(f"{measure}, test", "by seed", "IQM, 95 %", "mean, 95 %", box=None, pad_edge=False)
    for one in confirmation.tested:
        found = answer.arm(name_in_answer(one.arm))
        name = one.arm.name if found.name == one.arm.name else f"{found.name}, {one.arm.name}"
        iqm = figure(found.iqm, measure, found.iqm_interval)
        mean = figure(found.mean, measure, found.mean_interval)
        table.add_row(name, _by_seed(one.test, measure), iqm, mean)
    console.print(table)
    last = f"that of the last evaluation, over {TEST_GOALS} episodes"
    console.print(f"The value of a seed is {'the mean over its evaluations' if confirmation.whole else last}.")
    for line in conclusions(confirmation):
        console.print(line)


def conclusions(confirmation: Confirmation) -> list[str]:
    """The verdict of each comparison, the selection bias and the recommendation, a line each."""
    answer, measure = confirmation.answer, confirmation.measure
    if answer is None:
        return []
    lines = []
    for comparison in answer.comparisons:
        lines.append(f"{'; '.join(filter(None, (capital(comparison.words), comparison.detectable(measure))))}.")
    winner = confirmation.winner
    selection_bias = answer.arm(WINNER).selection_bias if winner and confirmation.tested[0].arm.role is None else None
    if winner and selection_bias is not None:
        of = f"Selection bias (tuning score minus test score) of {winner.name}"
        lines.append(f"{of}: {points(selection_bias, measure)}.")
    if confirmation.recommended is not None:
        lines.append(f"Recommended: {confirmation.recommended.name} (`tuner export {confirmation.study}`).")
    return lines


def _by_seed(values: tuple[float, ...], measure: Measure) -> str:
    return " ".join(figure(value, measure) for value in values) or "-"
