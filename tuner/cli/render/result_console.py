"""The console for results on standard output: tables that fit, no trailing blanks, colour only on a terminal."""

from collections.abc import Iterator, Sequence
from typing import Any

from rich.cells import cell_len
from rich.highlighter import RegexHighlighter
from rich.table import Column, Table
from rich.text import Text
from rich.theme import Theme

from tuner.cli.render.visible_console import VisibleConsole
from tuner.cli.standard_files import results
from tuner.cli.visible import visible
from tuner.verdicts import Verdict

TABLE_WIDTH = 160  # columns, where standard output is no terminal
GAP = 2  # columns between two
UNBROKEN = 20  # columns of a cell that is not folded
COLOURS: dict[Verdict, str] = {"ok": "green", "warning": "yellow", "wrong": "bold red"}


class VerdictColours(RegexHighlighter):
    """Colours a verdict where a line begins with it, alone or after a name."""

    base_style = "verdict."
    highlights = (r"^(?:\w+: )?(?:(?P<ok>ok)|(?P<warning>warning)|(?P<wrong>wrong))(?:  | \(|$)",)


class ResultConsole(VisibleConsole):
    """Folds tables and sentences at a terminal's width; elsewhere a sentence is a line."""

    def __init__(self) -> None:
        shown = results().isatty()
        super().__init__(
            file=results(),
            highlighter=VerdictColours(),
            theme=Theme({f"verdict.{verdict}": style for verdict, style in COLOURS.items()}),
            soft_wrap=not shown,
            markup=False,
            emoji=False,
        )
        if not shown:
            self.width = max(self.width, TABLE_WIDTH)

    def print(self, *objects: Any, **more: Any) -> None:
        """Prints objects, a table without trailing blanks."""
        one = objects[0] if len(objects) == 1 else None
        if isinstance(one, Table):
            for table in fitted(one, self.width):
                for segments in self.render_lines(table, pad=False):
                    self._print(Text.assemble(*((part.text, part.style or "") for part in segments)))
        elif isinstance(one, str) and not more and not self.soft_wrap:
            for line in self.render_str(one, highlight=True).wrap(self, self.width):
                self._print(line)
        else:
            super().print(*objects, **more)

    def _print(self, line: Text) -> None:
        line.rstrip()
        super().print(line, soft_wrap=True)


def fitted(table: Table, width: int) -> Iterator[Table]:
    """A table as one that fits, or as several below one another, which all begin with the first column.

    Cells fold between words, and not at all where they are short.
    """
    first, *rest = table.columns
    while True:
        block = [first]
        while rest and (len(block) == 1 or _needed([*block, rest[0]]) <= width):
            block.append(rest.pop(0))
        yield _of_columns(block, width)
        if not rest:
            return


def _needed(columns: Sequence[Column]) -> int:
    """Their least width side by side, gaps included."""
    return sum(map(_least, columns)) + GAP * (len(columns) - 1)


def _least(column: Column) -> int:
    """The width at which it folds between words alone."""
    words = max((cell_len(word) for text in _texts(column) for word in text.split()), default=0)
    return max(words, min(_natural(column), UNBROKEN))


def _natural(column: Column) -> int:
    return max(map(cell_len, _texts(column)), default=0)


def _texts(column: Column) -> list[str]:
    return [visible(str(cell)) for cell in (column.header, *column.cells)]


def _of_columns(columns: Sequence[Column], width: int) -> Table:
    """A table of some columns; the room that is left goes to those that fold."""
    widths = [_least(column) for column in columns]
    spare = width - sum(widths) - GAP * (len(columns) - 1)
    wanted = {place: _natural(column) - widths[place] for place, column in enumerate(columns)}
    for left, place in enumerate(sorted(wanted, key=wanted.__getitem__)):
        more = max(min(wanted[place], spare // (len(columns) - left)), 0)
        widths[place] += more
        spare -= more
    made = Table(box=None, pad_edge=False)
    for column, wide in zip(columns, widths, strict=True):
        made.add_column(_shown(column.header), width=wide)
    for cells in zip(*(column.cells for column in columns), strict=True):
        made.add_row(*map(_shown, cells))
    return made


def _shown(cell: Any) -> Any:
    """A cell as it will be measured."""
    return visible(cell) if isinstance(cell, str) else cell
