"""Errors of the operating system: the machine's are told as its user's to mend, others as faults of the program."""

import errno
import os
from pathlib import Path

import pytest

import tuner
from tuner.cli import main
from tuner.exit_codes import UNEXPECTED

OWN = str(Path(tuner.__file__).parent / "output" / "templates" / "gone.j2")


def said(error: BaseException, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    def broken(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(main, "app", broken)
    return main.call(["status"]), capsys.readouterr().err


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (errno.ENOSPC, "/data/studies/tuner.db"),
        (errno.EROFS, "/data"),
        (errno.EACCES, "best.yml"),
        (errno.EMFILE, None),
        (errno.ENOENT, "/gone/away"),
        (errno.EIO, None),
    ],
)
def test_the_machines_are_told_as_its(
    number: int, name: str | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text = said(OSError(number, os.strerror(number), name), monkeypatch, capsys)
    assert code == 1
    assert text.endswith("(fix the cause, then rerun to resume)\n")
    assert len(text.splitlines()) == 1


@pytest.mark.parametrize(
    "error",
    [
        OSError("no number at all"),
        OSError(errno.EBADF, "Bad file descriptor"),
        OSError(errno.EINVAL, "Invalid argument"),
        FileNotFoundError(errno.ENOENT, "No such file or directory", OWN),
        ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"),
        ProcessLookupError(errno.ESRCH, "No such process"),
    ],
)
def test_others_are_faults_of_the_program(
    error: OSError, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text = said(error, monkeypatch, capsys)
    assert code == UNEXPECTED
    assert "internal error; traceback in" in text
    trace = Path(text.rpartition("traceback in ")[2].strip())
    assert type(error).__name__ in trace.read_text()
    trace.unlink()
