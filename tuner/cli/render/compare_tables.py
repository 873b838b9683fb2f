"""A comparison as a table for people, on standard output."""

from rich.table import Table

from tuner.cli.render.result_console import ResultConsole
from tuner.comparison.comparison_records import Comparison, findings, measure
from tuner.output.comparison_page import COLUMNS, cells


def print_comparison(comparison: Comparison) -> None:
    """A row an algorithm, then what stands out."""
    table = Table(*COLUMNS, box=None, pad_edge=False)
    for arm in comparison.arms:
        table.add_row(*cells(comparison, measure(comparison, arm.algorithm)), arm.source)
    console = ResultConsole()
    console.print(table)
    for line in findings(comparison):
        console.print(line)
