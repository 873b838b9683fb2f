"""A check as tables for people, on standard output."""

from rich.table import Table
from rich.text import Text

from tuner.checking.check_report import CheckReport
from tuner.cli.render.result_console import COLOURS, ResultConsole
from tuner.output.check_page import COLUMNS, cells, shown


def print_report(report: CheckReport) -> None:
    """The policies, the reward's terms, a verdict a line with its suggestion, and the whole in a line."""
    console = ResultConsole()
    if report.policies:
        table = Table(*COLUMNS, box=None, pad_edge=False)
        for row in report.policies:
            table.add_row(*cells(row))
        console.print(table)
    if report.terms:
        console.print(_terms(report))
    console.print(_verdicts(report))
    counts = ", ".join(f"{len(report.of(verdict))} {verdict}" for verdict in ("wrong", "warning", "ok"))
    console.print(f"{report.environment}: {report.verdict} ({counts})")


def _terms(report: CheckReport) -> Table:
    """A row a term: its sum over an episode and its share, under each policy."""
    policies = list(dict.fromkeys(row.policy for row in report.terms))
    found = {(row.term, row.policy): row for row in report.terms}
    table = Table("reward term", *(f"{policy}, an episode" for policy in policies), box=None, pad_edge=False)
    for term in dict.fromkeys(row.term for row in report.terms):
        rows = [found.get((term, policy)) for policy in policies]
        table.add_row(
            term, *("-" if row is None else f"{shown(row.per_episode):.3g} ({row.share:.0%})" for row in rows)
        )
    return table


def _verdicts(report: CheckReport) -> Table:
    table = Table("verdict", "question", "finding", box=None, pad_edge=False)
    for line in report.lines:
        table.add_row(Text(line.verdict, style=COLOURS[line.verdict]), line.name, Text(line.finding))
        if line.suggestion:
            table.add_row("", "", Text(f"→ {line.suggestion}"))
    return table
