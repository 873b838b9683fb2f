"""One coordinator per study on SQLite."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tuner.errors import StorageFailed, StudyLocked
from tuner.study.file_lock import StudyLock

HOLDER = """
import sys
from pathlib import Path
from tuner.study.file_lock import StudyLock

with StudyLock(Path(sys.argv[1]), "toy"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "toy.db"


@pytest.fixture
def holder(database: Path) -> "Iterator[subprocess.Popen[Any]]":
    """Another process that holds the lock until its input ends."""
    command = [sys.executable, "-c", HOLDER, str(database)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_holder_is_told_who_and_since_when(database: Path, holder: "subprocess.Popen[Any]") -> None:
    with pytest.raises(StudyLocked) as caught, StudyLock(database, "toy"):
        pytest.fail("both hold it")
    message = str(caught.value)
    assert "'toy'" in message
    assert f"by process {holder.pid} on {socket.gethostname()} since 20" in message


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "terminated"])
def test_the_lock_of_a_dead_holder_is_free(
    database: Path, holder: "subprocess.Popen[Any]", end: signal.Signals
) -> None:
    holder.send_signal(end)
    holder.wait()
    with StudyLock(database, "toy"):
        record = json.loads((database.parent / "toy.db.toy.lock").read_text())
    assert record["pid"] == os.getpid()


def test_a_lock_let_go_is_free(database: Path) -> None:
    with StudyLock(database, "toy"):
        pass
    with StudyLock(database, "toy"), pytest.raises(StudyLocked, match=f"process {os.getpid()} "):
        StudyLock(database, "toy").__enter__()


def test_an_error_lets_go_of_the_lock(database: Path) -> None:
    with pytest.raises(RuntimeError), StudyLock(database, "toy"):
        raise RuntimeError
    with StudyLock(database, "toy") as lock:
        assert isinstance(lock, StudyLock)


def test_studies_of_one_database_are_locked_apart(database: Path) -> None:
    with StudyLock(database, "toy"), StudyLock(database, "other"):
        names = {path.name for path in database.parent.glob("*.lock")}
    assert names == {"toy.db.toy.lock", "toy.db.other.lock"}


def test_a_holder_that_has_not_written_its_name_yet_is_respected(database: Path) -> None:
    with StudyLock(database, "toy"):
        (database.parent / "toy.db.toy.lock").write_text("")
        with pytest.raises(StudyLocked, match="by another process"):
            StudyLock(database, "toy").__enter__()


@pytest.mark.parametrize("folder", ["/proc", "no/such/folder"], ids=["read-only", "missing"])
def test_a_lock_file_that_cannot_be_written_is_named(folder: str) -> None:
    with pytest.raises(StorageFailed, match=rf"cannot write the lock file {folder}/toy\.db\.toy\.lock"):
        StudyLock(Path(folder) / "toy.db", "toy").__enter__()
