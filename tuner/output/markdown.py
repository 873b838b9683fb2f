"""The report as Markdown, for a pull request or a wiki: the same text and tables, without plots and videos."""

import functools
import re
from collections.abc import Iterator, Sequence

from tuner.config.algorithms import title
from tuner.output.blocks import Block, Bullets, Cell, Code, Gallery, Picture, Reel, Section, Table, Text
from tuner.results.report_data import StudyReport

CODE = re.compile(r"(?<![`\\])(`[^`|\\]+`)(?!`)")  # in which no sign has a meaning; a bar would end a table's cell
SPECIAL = str.maketrans({sign: f"\\{sign}" for sign in "\\`*_[]<>|#~"})


def render(report: StudyReport, sections: list[Section]) -> str:
    """The Markdown of the report."""
    lines = [f"# {inline(report.study)}: {inline(title(report.algorithm))} in {inline(report.environment)}", ""]
    lines += [f"{report.made}, tuner {report.tuner}", ""]
    for section in sections:
        lines += [f"## {section.title}", ""]
        for block in section.blocks:
            lines += [*block_lines(block), ""] if not isinstance(block, Picture | Gallery | Reel) else []
    return "\n".join(lines).rstrip() + "\n"


def block_lines(block: Block) -> Iterator[str]:
    """A block's lines; plots and videos have none."""
    if isinstance(block, Text):
        text = inline(block.text)
        yield f"**{text}**" if block.kind == "lead" else f"> {text}" if block.kind == "warning" else text
    elif isinstance(block, Bullets):
        yield from (f"- {inline(line)}" for line in block.lines)
    elif isinstance(block, Table):
        yield from _table(block)
    elif isinstance(block, Code):
        yield from _code(block)


def _table(table: Table) -> Iterator[str]:
    if table.caption:
        yield f"{inline(table.caption)}:"
        yield ""
    yield table_row([inline(head) for head in table.heads])
    yield table_row(["---"] * len(table.heads))
    for row in table.rows:
        yield table_row([inline(cell.text if isinstance(cell, Cell) else cell) for cell in row])


def table_row(cells: Sequence[str]) -> str:
    """A line of a table."""
    return f"| {' | '.join(cells)} |"


def _code(code: Code) -> Iterator[str]:
    fence = "```"
    while fence in code.text:
        fence += "`"
    if code.title:
        yield f"{inline(code.title)}"
        yield ""
    yield fence
    yield code.text.rstrip("\n")
    yield fence


@functools.lru_cache(maxsize=4096)  # names and values of the same few columns, in every trial's note
def inline(text: str) -> str:
    """The text on one line, with all markup escaped but the backticks around commands and names."""
    parts = CODE.split(" ".join(text.split()))
    return "".join(part if place % 2 else part.translate(SPECIAL) for place, part in enumerate(parts))
