"""One coordinator per study on SQLite."""

import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import filelock
import pytest

from tuner.errors import StorageFailed, StudyLocked
from tuner.study import file_lock
from tuner.study.file_lock import StudyLock
from tuner.study.sqlite import _locked
from tuner.study.storage import open_to_write, parse_url

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
        record = json.loads((database.parent / "toy.db.toy.study-lock").read_text())
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
        names = {path.name for path in database.parent.glob("*lock")}
    assert names == {"toy.db.toy.study-lock", "toy.db.other.study-lock"}


@pytest.mark.parametrize(
    ("one", "other"),
    [(("x.db", None), ("x", "db")), (("x", "a.b"), ("x.a", "b")), (("x.db.study", None), ("x.db", "study"))],
    ids=["a database and a study", "two studies with dots", "the ending"],
)
def test_no_two_locks_have_one_name(tmp_path: Path, one: tuple[str, str | None], other: tuple[str, str | None]) -> None:
    def held(database: str, study: str | None) -> contextlib.AbstractContextManager[Any]:
        """The lock of a database while it is opened, or of a study."""
        path = tmp_path / database
        return _locked(path.with_name(f"{path.name}.lock")) if study is None else StudyLock(path, study)

    with held(*one), held(*other):
        assert len(list(tmp_path.glob("*lock"))) == 2


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_a_lock_file_that_others_put_there_is_not_written(database: Path, tmp_path: Path, kind: str) -> None:
    path, precious = tmp_path / "toy.db.toy.study-lock", tmp_path / "precious"
    precious.write_text("mine")
    if kind == "link":
        path.symlink_to(precious)
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()
    with pytest.raises(StorageFailed, match=r"cannot write the lock file .*: it is a link, or no file \("):
        StudyLock(database, "toy").__enter__()
    assert precious.read_text() == "mine"


def test_a_wait_for_a_database_is_told_with_its_holder_and_ends(
    database: Path, holder: "subprocess.Popen[Any]", monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The holder's lock is a study's, whose name the database is given here."""
    path = database.parent / "toy.db.toy.study-lock"
    monkeypatch.setattr(file_lock, "PATIENCE", 0.02)
    with pytest.raises(filelock.Timeout):
        file_lock.take(path, wait=0.1)
    assert f"waiting up to 0.1 s for {path}, held by process {holder.pid} on " in caplog.text
    monkeypatch.setattr("tuner.study.sqlite.LOCK_TIMEOUT", 0.1)
    with (
        pytest.raises(StorageFailed, match=rf"is held by process {holder.pid} on .*: wait for it, or end it"),
        _locked(path),
    ):
        pytest.fail("both hold it")


def test_a_database_that_another_program_locks_is_waited_for_and_told(
    database: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    url = parse_url(f"sqlite:///{database}")
    open_to_write(url)
    monkeypatch.setattr("tuner.study.sqlite.BUSY_TIMEOUT", 0.05)
    with sqlite3.connect(database, isolation_level=None) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        monkeypatch.setattr("tuner.study.sqlite.LOCK_TIMEOUT", 0.1)
        with pytest.raises(StorageFailed, match="locked"):
            open_to_write(url)
    other.close()
    assert f"waiting up to 0.1 s for {database}, locked by another process" in caplog.text


@pytest.mark.skipif(os.getuid() != 0, reason="needs the right to become another user")
def test_a_lock_of_another_user_is_a_line() -> None:
    with tempfile.TemporaryDirectory() as folder, StudyLock(Path(folder) / "toy.db", "toy"):
        Path(folder).chmod(0o755)
        reading, writing = os.pipe()
        if os.fork() == 0:  # a process of this program with the rights of another user
            os.setuid(65534)
            try:
                StudyLock(Path(folder) / "toy.db", "toy").__enter__()
            except StorageFailed as error:
                os.write(writing, str(error).encode())
            os._exit(0)
        os.wait()
        said = os.read(reading, 1000).decode()
    assert said == (
        f"cannot write the lock file {folder}/toy.db.toy.study-lock: Permission denied "
        "(read-only disk or missing permissions: fix that, or give another with --storage)"
    )


def test_a_holder_that_has_not_written_its_name_yet_is_respected(database: Path) -> None:
    with StudyLock(database, "toy"):
        (database.parent / "toy.db.toy.study-lock").write_text("")
        with pytest.raises(StudyLocked, match="by another process"):
            StudyLock(database, "toy").__enter__()


@pytest.mark.parametrize("folder", ["/proc", "no/such/folder"], ids=["read-only", "missing"])
def test_a_lock_file_that_cannot_be_written_is_named(folder: str) -> None:
    with pytest.raises(StorageFailed, match=rf"cannot write the lock file {folder}/toy\.db\.toy\.study-lock"):
        StudyLock(Path(folder) / "toy.db", "toy").__enter__()


FLOCK = """
import fcntl, os, sys, time
os.setgid(65534); os.setuid(65534)
file = os.open(sys.argv[1], os.O_RDWR)
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(60)
"""
AS_STRANGER = """
import os, sys
from pathlib import Path
from tuner.errors import StorageFailed, StudyLocked
from tuner.study.file_lock import StudyLock

os.setgid(65534); os.setuid(65534)
try:
    with StudyLock(Path(sys.argv[1]), "toy"):
        print("taken")
except (StorageFailed, StudyLocked) as error:
    print(error)
"""

as_root = pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can become another user")


@pytest.fixture
def shared() -> Iterator[Path]:
    """A database's path in a folder in which every user may write."""
    with tempfile.TemporaryDirectory(prefix="tuner-shared-") as folder:
        Path(folder).chmod(0o777)
        yield Path(folder) / "toy.db"


@as_root
def test_a_lock_that_another_user_holds_is_a_line_and_no_hang(shared: Path) -> None:
    with StudyLock(shared, "toy"):
        pass
    (file,) = shared.parent.iterdir()
    file.write_text("")
    file.chmod(0o666)
    command = [sys.executable, "-c", FLOCK, str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(StudyLocked, match="by another process"), StudyLock(shared, "toy"):
            pytest.fail("both hold it")
        process.kill()


@as_root
def test_another_user_neither_takes_a_private_lock_nor_hangs_at_it(shared: Path) -> None:
    with StudyLock(shared, "toy"):
        (file,) = shared.parent.iterdir()
        file.chmod(0o600)
        said = subprocess.run(
            [sys.executable, "-c", AS_STRANGER, str(shared)], capture_output=True, text=True, timeout=60, check=False
        )
    assert "taken" not in said.stdout
    assert "Permission denied" in said.stdout, said.stderr
    assert len(said.stdout.splitlines()) == 1
