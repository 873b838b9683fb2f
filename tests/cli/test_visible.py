"""Terminals obey no control characters out of databases and files: they are shown."""

import io
import json
import sqlite3
from pathlib import Path

import pytest
from conftest import Tuner, write_study
from rich.live import Live
from rich.table import Table

from tuner.cli.render.result_console import ResultConsole
from tuner.cli.render.visible_console import VisibleConsole
from tuner.cli.visible import visible
from tuner.study.storage import open_to_write, parse_url

CLEAR = "\x1b[2J\x1b]0;owned\x07\x9b31m\r\u202eevil"
SHOWN = "\\x1b[2J"
OBEYED = ("\x1b", "\x07", "\x9b", "\u202e")


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("plain\ttext\nof two lines", "plain\ttext\nof two lines"),
        ("팔 ±0.5 µm → 한국어 🙂", "팔 ±0.5 µm → 한국어 🙂"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("a\rb\x08\x00", "a\\rb\\x08\\x00"),
        ("\x9b2J\x7f", "\\x9b2J\\x7f"),
        ("a\u202eb\u2066", "a\\u202eb\\u2066"),
    ],
)
def test_control_characters_are_written_out(given: str, wanted: str) -> None:
    assert visible(given) == wanted


def test_a_live_display_moves_the_cursor_itself_and_nothing_in_it_does() -> None:
    written = io.StringIO()
    console = VisibleConsole(file=written, force_terminal=True, width=80, legacy_windows=False)
    table = Table(title=CLEAR)
    table.add_column(CLEAR)
    table.add_row(CLEAR)
    with Live(console=console, auto_refresh=False) as live:
        live.update(table, refresh=True)
        live.update(table, refresh=True)
    assert "\x1b[?25l" in written.getvalue()  # its own
    assert "\x1b[2J" not in written.getvalue()
    assert "\x07" not in written.getvalue()
    assert SHOWN in written.getvalue()


def test_no_cell_of_a_table_loses_what_was_made_visible(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("name", CLEAR)
    table.add_row("a\x1b]0;title\x07z", "b")
    ResultConsole().print(table)
    shown = capsys.readouterr().out
    assert "a\\x1b]0;title\\x07z" in shown
    assert visible(CLEAR) in shown


def odd(storage: str) -> None:
    """Puts control characters where a database has text."""
    opened = open_to_write(parse_url(storage))
    (study,) = opened.get_all_studies()
    spec = json.loads(study.user_attrs["spec"])
    spec["description"] = CLEAR
    opened.set_study_user_attr(study._study_id, "spec", json.dumps(spec))
    with sqlite3.connect(parse_url(storage).database or "") as database:
        for key in ("reason", "failure", "role", "versions", "hardware", "health"):
            database.execute(
                "INSERT OR REPLACE INTO trial_user_attributes (trial_id, key, value_json) "
                "SELECT trial_id, ?, ? FROM trials WHERE number > 1",
                (key, json.dumps(CLEAR)),
            )
    database.close()


LINES = [
    "status toy",
    "status toy --trials",
    "status toy --json",
    "show 3 --study toy",
    "list studies",
    "export toy",
    "report toy --json",
    "play --study toy --trial 3 -o a.mp4",
    "confirm toy --dry-run",
]


@pytest.mark.parametrize("line", LINES)
def test_no_command_passes_them_on(tuner: Tuner, finished: Path, line: str) -> None:
    odd("sqlite:///studies/tuner.db")
    said = tuner(line)
    assert "Traceback" not in said.err
    assert not [one for one in OBEYED if one in said.out + said.err]


FILES = {
    "an unknown key": f'"{CLEAR}": 1\n'.encode("unicode_escape").decode("latin-1"),
    "an environment": "environment: {id: " + json.dumps(CLEAR) + "}\n",
    "no YAML": f"{CLEAR}: [\n",
}


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_messages_about_files_pass_none_on(tuner: Tuner, tmp_path: Path, text: str) -> None:
    path = write_study(tmp_path)
    path.write_text(path.read_text() + text)
    said = tuner(f"run {path} --engine inline")
    assert said.code == 2
    assert not [one for one in OBEYED if one in said.out + said.err]


def test_a_word_typed_with_them_is_shown(tuner: Tuner, finished: Path) -> None:
    said = tuner(f"status '{CLEAR}'")
    assert said.code != 0
    assert SHOWN in said.err
    assert not [one for one in OBEYED if one in said.err]
