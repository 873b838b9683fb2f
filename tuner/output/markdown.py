"""The report as Markdown, for a pull request or a wiki: the same text and tables, without plots and videos."""

from collections.abc import Iterator

from tuner.config.algorithms import title
from tuner.output.blocks import Block, Bullets, Cell, Code, Gallery, Picture, Reel, Section, Table, Text
from tuner.results.report_data import StudyReport

SPECIAL = str.maketrans({sign: f"\\{sign}" for sign in "\\`*_[]<>|#~"})


def render(report: StudyReport, sections: list[Section]) -> str:
    """The Markdown of the report."""
    lines = [f"# {_text(report.study)}: {_text(title(report.algorithm))} in {_text(report.environment)}", ""]
    lines += [f"{report.made}, tuner {report.tuner}", ""]
    for section in sections:
        lines += [f"## {section.title}", ""]
        for block in section.blocks:
            lines += [*_block(block), ""] if not isinstance(block, Picture | Gallery | Reel) else []
    return "\n".join(lines).rstrip() + "\n"


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Text):
        text = _text(block.text)
        yield f"**{text}**" if block.kind == "lead" else f"> {text}" if block.kind == "warning" else text
    elif isinstance(block, Bullets):
        yield from (f"- {_text(line)}" for line in block.lines)
    elif isinstance(block, Table):
        yield from _table(block)
    elif isinstance(block, Code):
        yield from _code(block)


def _table(table: Table) -> Iterator[str]:
    if table.caption:
        yield f"{_text(table.caption)}:"
        yield ""
    yield _row([_text(head) for head in table.heads])
    yield _row(["---"] * len(table.heads))
    for row in table.rows:
        yield _row([_text(cell.text if isinstance(cell, Cell) else cell) for cell in row])


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _code(code: Code) -> Iterator[str]:
    fence = "```"
    while fence in code.text:
        fence += "`"
    if code.title:
        yield f"{_text(code.title)}"
        yield ""
    yield fence
    yield code.text.rstrip("\n")
    yield fence


def _text(text: str) -> str:
    """The text on one line, with all markup escaped."""
    return " ".join(text.split()).translate(SPECIAL)
