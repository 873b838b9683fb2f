"""Studies in an SQLite file."""

import atexit
import contextlib
import logging
import os
import shutil
import sqlite3
import tempfile
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import filelock
import optuna
from optuna.storages import BaseStorage
from sqlalchemy import event
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from tuner.errors import StorageFailed
from tuner.study.file_lock import NOT_WRITABLE, holder, take, unwritable
from tuner.study.history import HistoryStorage
from tuner.study.retrying_storage import RetryingStorage, raise_unavailable

BUSY_TIMEOUT = 1.0  # s that a statement waits for another process, in silence
LOCK_TIMEOUT = 60.0  # s that opening a database waits for another process
_copies: dict[Path, tuple[object, str]] = {}  # state and folder, of databases that lie where nobody may write
DRIVERS = ("sqlite", "sqlite+pysqlite")
OPTUNA_TABLES = {"alembic_version", "studies", "trials"}
WRITER = ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=NORMAL")  # readers and the writer do not block each other
READER = ("PRAGMA query_only=ON",)

_log = logging.getLogger(__name__)


def database_path(url: URL) -> Path:
    """The file of a URL."""
    return Path(str(url.database))


def tables(url: URL) -> set[str]:
    """The tables of a database file, opened read-only.

    Raises:
        StorageFailed: if it cannot be read.
    """
    query = "SELECT name FROM sqlite_master WHERE type = 'table'"
    try:
        path = database_path(readable(url))
        with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
            return {name for (name,) in connection.execute(query)}
    except sqlite3.Error as error:
        raise StorageFailed(f"database {database_path(url)}: {cause(error)}") from error


def open_to_read(url: URL, *, light: bool) -> BaseStorage:
    """Opens an existing database, read-only; `light` leaves heavy attributes of trials out."""
    storage = _open(readable(url), READER)
    storage.light = light
    return optuna.storages.get_storage(storage)


def readable(url: URL) -> URL:
    """The database to read: itself, or a copy where its folder cannot be written.

    SQLite writes files beside a database even to read it. A copy is made anew where the database has changed.

    Raises:
        StorageFailed: if it cannot be copied.
    """
    path = database_path(url)
    if not path.is_file() or os.access(path.parent, os.W_OK):
        return url
    files = [file for file in (path, path.with_name(f"{path.name}-wal")) if file.is_file()]
    try:
        state = tuple((str(file), file.stat().st_mtime_ns, file.stat().st_size) for file in files)
        if (known := _copies.get(path)) is None or known[0] != state:
            if known is not None:
                shutil.rmtree(known[1], ignore_errors=True)
            folder = tempfile.mkdtemp(prefix="tuner-read-")
            atexit.register(shutil.rmtree, folder, ignore_errors=True)
            for file in files:
                shutil.copyfile(file, Path(folder) / file.name)
            known = _copies[path] = (state, folder)
    except OSError as error:
        raise StorageFailed(f"database {path}: cannot be copied to be read: {error.strerror}") from None
    return url.set(database=str(Path(known[1]) / path.name))


def open_to_write(url: URL) -> BaseStorage:
    """Opens a database for writing; creates a missing one, one process at a time."""
    path = database_path(url)
    with _locked(path.with_name(f"{path.name}.lock")):
        storage = _open(url, WRITER)
    raise_unavailable(storage.engine, is_locked)
    return RetryingStorage(optuna.storages.get_storage(storage), str(path), engine=storage.engine)


def _open(url: URL, pragmas: tuple[str, ...]) -> HistoryStorage:
    def tune(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.close()

    storage = _made(url)
    event.listen(storage.engine, "connect", tune)
    storage.engine.dispose()  # so that every connection has the pragmas
    weakref.finalize(storage, storage.engine.dispose)  # closes the connections with the storage
    return storage


def _made(url: URL) -> HistoryStorage:
    """Optuna's storage; waits, and says so, where another process has locked the whole database."""
    begun, told = time.monotonic(), False
    while True:
        try:
            return HistoryStorage(
                url.render_as_string(hide_password=False), engine_kwargs={"connect_args": {"timeout": BUSY_TIMEOUT}}
            )
        except SQLAlchemyError as error:
            if not is_locked(getattr(error, "orig", error)) or time.monotonic() - begun > LOCK_TIMEOUT:
                raise
        if not told:
            _log.warning("waiting up to %g s for %s, locked by another process", LOCK_TIMEOUT, database_path(url))
            told = True


def is_locked(error: BaseException) -> bool:
    """Whether another process held the lock longer than `BUSY_TIMEOUT`."""
    return _code(error) in ("SQLITE_BUSY", "SQLITE_LOCKED")


def _code(error: BaseException) -> str:
    """SQLite's primary error code as a name; empty if it has none."""
    return "_".join(str(getattr(error, "sqlite_errorname", "")).split("_")[:2])


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Holds a lock on a file; waits a while for other processes.

    Raises:
        StorageFailed: if one holds it for longer, or the file cannot be written.
    """
    try:
        lock = take(path, wait=LOCK_TIMEOUT)
    except filelock.Timeout:
        raise StorageFailed(f"{path} is held by {holder(path)}: wait for it, or end it") from None
    except OSError as error:
        raise unwritable(str(path), error) from None
    try:
        yield
    finally:
        lock.release()


def cause(error: BaseException) -> str:
    """The cause of an error in one line, and what to do."""
    text = " ".join(str(error).split())
    if _code(error) == "SQLITE_NOTADB":
        return "is not an SQLite database, or is damaged (restore a copy, or give another with --storage)"
    if _code(error) in ("SQLITE_READONLY", "SQLITE_CANTOPEN"):
        return f"{text} ({NOT_WRITABLE})"
    return f"{text} (fix the cause, then rerun to resume)"
