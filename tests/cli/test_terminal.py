"""The commands in a terminal: the board at several widths, and Ctrl-C, which reaches every process of the group."""

import random
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Tuner, write_study
from terminal import CTRL_C, Terminal, terminal, traceback_lines

INTERRUPTED = 130

Begin = Callable[[str], list[str]]


@pytest.fixture
def begin(request: pytest.FixtureRequest, tmp_path: Path) -> Begin:
    """What is typed for a command that runs for minutes."""

    def typed(command: str) -> list[str]:
        if command == "run":
            write_study(tmp_path, timesteps=12_800, checkpoints=20, trials=400)
            return ["run", "toy.yaml", "--workers", "1", "--skip-check"]
        request.getfixturevalue("finished")
        if command == "confirm":
            return ["confirm", "toy", "--seeds", "100", "--workers", "1"]
        tuner: Tuner = request.getfixturevalue("tuner")
        assert tuner("export toy -o best.yml").code == 0
        seeds = ",".join(map(str, range(1, 21)))
        return ["train", "best.yml", "--timesteps", "50000", "--seeds", seeds, "--workers", "1"]

    return typed


def rows(label: str) -> Callable[[str], bool]:
    """Whether the board shows a job that has been evaluated twice, whole, with its curve, as its last line."""
    row = re.compile(rf"^{label} .*[▁▂▃▄▅▆▇█]{{2}}")
    return lambda shown: row.match(shown.splitlines()[-1] if shown else "") is not None


def interrupt(shown: Terminal) -> str:
    """Presses Ctrl-C and reads all that was written, without a line of a traceback."""
    shown.press(CTRL_C)
    code = shown.end()
    text = shown.written.decode(errors="replace")
    assert traceback_lines(text) == []
    assert code == INTERRUPTED or (code == -signal.SIGINT and text in ("", "^C")), text  # before Python had begun
    return shown.scrolled


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "label", "words"),
    [
        ("run", r"trial \d+ ", ("leader: ", "/400 done, 1 running", " left")),
        ("confirm", r"validation seed \d+, \S+", ("done | ", " left")),
        ("train", r"seed \d+ ", ("/20 runs done",)),
    ],
    ids=["run", "confirm", "train"],
)
def test_the_board_fits_and_ctrl_c_ends_it_without_a_traceback(
    begin: Begin, command: str, label: str, words: tuple[str, ...]
) -> None:
    with terminal(*begin(command), width=60) as shown:
        for width in (60, 80, 160):
            shown.resize(width)
            more = ("n_steps",) if (command, width) == ("run", 160) else ()
            shown.wait_for(lambda text: rows(label)(text) and all(word in text for word in (*words, *more)))  # noqa: B023
        assert "Run the same command to resume" in interrupt(shown)


@pytest.mark.slow
@pytest.mark.parametrize("command", ["run", "confirm", "train"])
def test_ctrl_c_at_any_moment_prints_no_traceback(begin: Begin, command: str) -> None:
    moment = random.uniform(0.0, 4.0)  # noqa: S311 - s
    with terminal(*begin(command)) as shown:
        begun = time.monotonic()
        shown.wait_for(lambda _: time.monotonic() - begun > moment)
        interrupt(shown)


def test_a_dumb_terminal_gets_plain_lines(begin: Begin) -> None:
    with terminal("check", "tuner_toys:ToyLine-v0", "--episodes", "3", TERM="dumb") as shown:
        assert shown.end() == 0
    assert b"nothing is trained" in shown.written
    assert b"\x1b" not in shown.written
