"""What runs, redrawn in place on a terminal: how far all of it is, the leader, a line a job; and what is waited for."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Self

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.live import Live
from rich.progress import Progress, SpinnerColumn, TimeElapsedColumn
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from tuner.app.bar import Bar
from tuner.cli.render.show_tables import course
from tuner.cli.render.visible_console import VisibleConsole

WIDEST = 80  # columns of the bar of all jobs
METER = 12  # of a job's
LEAST_DETAIL = 20  # of a job's parameters; with fewer they are left out
GAP = 2
LIKELY = "likely pruned"
PARTS = " | "  # between those of a line


def on_terminal() -> bool:
    """Whether standard error is a terminal on which lines can be redrawn."""
    return sys.stderr.isatty() and not make_error_console().is_dumb_terminal


def make_error_console() -> Console:
    """Console for standard error; plain with NO_COLOR, on pipes and on dumb terminals."""
    return VisibleConsole(stderr=True, highlight=False)


class LiveBoard:
    """Jobs that run, redrawn in place until it is closed; what is said meanwhile scrolls above it."""

    def __init__(self) -> None:
        self._console = make_error_console()
        self._live = Live(console=self._console, auto_refresh=False)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def draw(self, line: str, bars: Sequence[Bar] = (), leader: Bar | None = None) -> None:
        """Draws anew."""
        self._live.update(picture(line, bars, leader, self._console.width), refresh=True)

    def say(self, line: str) -> None:
        """Says a line above."""
        for part in Text(line).wrap(self._console, self._console.width):
            part.rstrip()
            self._console.print(part, soft_wrap=True)


def picture(line: str, bars: Sequence[Bar], leader: Bar | None, width: int) -> RenderableType:
    """The whole, the leader, then a line a job; columns that have no room in `width` are left out."""
    whole, jobs = [bar for bar in bars if not bar.text], [bar for bar in bars if bar.text]
    drawn: list[RenderableType] = [_meter(bar, min(width, WIDEST)) for bar in whole]
    drawn += map(Text, in_parts(line, width))
    if leader is not None:
        drawn.append(Text(f"{leader.label}, {leader.text}  {course(leader.curve, leader.bounds)}".rstrip()))
    lines = Table.grid()
    for one in [*drawn, *([_table(jobs, width)] if jobs else [])]:
        lines.add_row(one)
    return lines


def in_parts(line: str, width: int) -> list[str]:
    """A line of several parts, broken between them."""
    lines: list[str] = []
    for part in line.split(PARTS):
        longer = f"{lines[-1]}{PARTS}{part}" if lines else part
        if lines and cell_len(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(part)
    return lines


def _meter(bar: Bar, width: int) -> ProgressBar:
    return ProgressBar(total=bar.total, completed=min(bar.done, bar.total), width=width)


def _shortened(job: Bar, room: int) -> Bar:
    """A job whose text has as many of its parts as there is room for, the first at least."""
    text = job.text
    while cell_len(text) > room and PARTS in text:
        text = text.rpartition(PARTS)[0]
    return replace(job, text=text)


def _table(jobs: Sequence[Bar], width: int) -> Table:
    labels = max(cell_len(job.label) for job in jobs)
    curves = max(cell_len(course(job.curve, job.bounds)) for job in jobs)  # which say more than a text's last parts
    room = width - labels - GAP - (curves + GAP if curves else 0)
    jobs = [_shortened(job, room) for job in jobs]
    columns = _fitting(jobs, width + GAP)
    table = Table.grid(padding=(0, GAP, 0, 0), expand="detail" in columns)
    for column in columns:
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=1 if column == "detail" else None)
    for row in jobs:
        table.add_row(*(_drawn(column, row) for column in columns))
    return table


COLUMNS = ("label", "meter", "text", "curve", "likely", "detail")
WORTH = ("label", "text", "curve", "likely", "detail", "meter")  # what has room first


def _fitting(jobs: Sequence[Bar], width: int) -> list[str]:
    """The columns that have room side by side; the first two always."""
    kept: set[str] = set()
    for column in WORTH:
        natural = max((cell_len(_cell_of(column)(row)) for row in jobs), default=0)
        least = {"meter": METER, "detail": min(LEAST_DETAIL, natural)}.get(column, natural) + GAP
        if natural and (least <= width or column in WORTH[:2]):
            kept.add(column)
            width -= least
    return [column for column in COLUMNS if column in kept]


def _cell_of(column: str) -> Callable[[Bar], str]:
    cells: dict[str, Callable[[Bar], str]] = {
        "label": lambda row: row.label,
        "meter": lambda row: "━" if row.total else "",
        "text": lambda row: row.text,
        "curve": lambda row: course(row.curve, row.bounds),
        "likely": lambda row: LIKELY if row.likely_pruned else "",
        "detail": lambda row: row.detail,
    }
    return cells[column]


def _drawn(column: str, row: Bar) -> RenderableType:
    if column == "meter" and row.total:
        return _meter(row, METER)
    return Text(_cell_of(column)(row), style={"likely": "yellow", "detail": "dim"}.get(column, ""))


class Waiting:
    """A line that says what is waited for and since when; only on a terminal."""

    def __init__(self, what: str = "") -> None:
        """Takes what is waited for within the block."""
        self._what = what
        self._shown: Progress | None = None

    def __enter__(self) -> Self:
        self.begin(self._what)
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def begin(self, what: str) -> None:
        """Begins to wait, in place of what was waited for."""
        self.end()
        if on_terminal():
            columns = (SpinnerColumn(), "{task.description}", TimeElapsedColumn())
            self._shown = Progress(*columns, console=make_error_console(), transient=True, refresh_per_second=4)
            self._shown.add_task(what, total=None)
            self._shown.start()

    def end(self) -> None:
        """Takes the line away."""
        shown, self._shown = self._shown, None
        if shown is not None:
            shown.stop()
