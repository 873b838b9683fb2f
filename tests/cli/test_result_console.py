"""Tables and sentences at the width of a terminal."""

import io
import re

import pytest
from rich.table import Table

from tuner.cli.render import result_console
from tuner.cli.render.result_console import ResultConsole

WORDS = "learning_rate", "the best may lie beyond the range that is searched", "12,345 … 23,456"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def printed(monkeypatch: pytest.MonkeyPatch, what: Table | str, columns: int | None, **more: str) -> list[str]:
    """What is printed on a terminal of so many columns; None for a pipe."""
    stream = io.StringIO() if columns is None else Terminal()
    monkeypatch.setattr(result_console, "results", lambda: stream)
    monkeypatch.setenv("COLUMNS", str(columns or 80))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in more.items():
        monkeypatch.setenv(name, value)
    ResultConsole().print(what)
    return stream.getvalue().splitlines()


def plain(lines: list[str]) -> list[str]:
    return [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines]


def wide_table() -> Table:
    table = Table("policy", *(f"column {number}" for number in range(9)), "finding", box=None, pad_edge=False)
    for name in ("random", "expert"):
        table.add_row(name, *(f"{number:,} … {number:,}" for number in range(10_000, 10_009)), " ".join(WORDS))
    return table


@pytest.mark.parametrize("columns", [60, 80, 120, None])
def test_a_table_fits_with_whole_words_and_no_trailing_blanks(
    monkeypatch: pytest.MonkeyPatch, columns: int | None
) -> None:
    lines = plain(printed(monkeypatch, wide_table(), columns))
    assert max(map(len, lines)) <= (columns or result_console.TABLE_WIDTH)
    assert not [line for line in lines if line != line.rstrip()]
    found = set(" ".join(lines).split())
    assert found >= {*" ".join(WORDS).split(), "policy", "random", "expert", "10,008", "finding"}
    rest = found - {*" ".join(WORDS).split(), "policy", "random", "expert", "finding", "column", "…"}
    assert all(re.fullmatch(r"\d|1\d,\d{3}", word) for word in rest)  # nothing is a part of a word


def test_a_table_that_fits_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    table = Table("verdict", "finding", box=None, pad_edge=False)
    table.add_row("ok", "[64, 64] :smile:")
    assert plain(printed(monkeypatch, table, 60)) == ["verdict  finding", "ok       [64, 64] :smile:"]


def test_sentences_fold_on_terminals_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    sentence = "word " * 30
    assert len(printed(monkeypatch, sentence, 60)) == 3
    assert len(printed(monkeypatch, sentence, None)) == 1


@pytest.mark.parametrize(
    ("columns", "more", "coloured"),
    [(80, {}, True), (80, {"NO_COLOR": "1"}, False), (80, {"TERM": "dumb"}, False), (None, {}, False)],
    ids=["terminal", "NO_COLOR", "dumb", "pipe"],
)
def test_verdicts_are_coloured_on_terminals_that_can(
    monkeypatch: pytest.MonkeyPatch, columns: int | None, more: dict[str, str], coloured: bool
) -> None:
    line = "".join(printed(monkeypatch, "wrong   approx_kl  too high", columns, **more))
    assert ("\x1b[31m" in line or "\x1b[1;31m" in line) == coloured
