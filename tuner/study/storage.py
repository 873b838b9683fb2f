"""Opens the database that keeps the studies, and says in a line what is wrong with one that does not open."""

import contextlib
import fcntl
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import BaseStorage, RDBStorage
from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from tuner.errors import StorageFailed, UsageProblem

DEFAULT_URL = "sqlite:///studies/tuner.db"
BUSY_TIMEOUT = 60  # s that a write waits for another process's
DRIVERS = ("sqlite", "sqlite+pysqlite")
OPTUNA_TABLES = {"alembic_version", "studies", "trials"}
WRITER = ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=NORMAL")  # readers and the writer stop waiting for each other
NOT_A_DATABASE = "file is not a database"

optuna.logging.set_verbosity(optuna.logging.WARNING)


def parse_url(text: str) -> URL:
    """The URL of a database, the path behind it made absolute and its links followed.

    Raises:
        UsageProblem: where it is no URL of a kind of database that serves here, or names no file.
    """
    scheme, separator, _ = text.partition("://")  # what follows may hold a password
    said = f"{scheme}://…" if separator else repr(text)
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise UsageProblem(f"storage {said} is not a database URL, such as {DEFAULT_URL}") from None
    if url.drivername not in DRIVERS:
        raise UsageProblem(f"storage {said}: only SQLite is offered, such as {DEFAULT_URL}")
    if not url.database or url.database == ":memory:":
        raise UsageProblem(f"storage {text!r} names no file, and a study must outlive the command: {DEFAULT_URL}")
    try:
        path = Path(url.database).expanduser().resolve()
        folder = path.is_dir()
    except (OSError, RuntimeError) as error:
        raise UsageProblem(f"storage {text!r}: {error}") from None
    if folder:
        raise UsageProblem(f"storage {text!r} is a folder; name a file in it, such as {DEFAULT_URL}")
    return url.set(database=str(path))


def database_path(url: URL) -> Path:
    """The SQLite file behind a URL."""
    return Path(str(url.database))


def artifact_folder(url: URL) -> Path:
    """Where the models of a database's studies are kept, beside it."""
    return database_path(url).with_suffix(".artifacts")


def open_to_read(url: URL) -> BaseStorage:
    """Opens a database to read from; never creates one, never writes to one.

    Raises:
        StorageFailed: where there is none, it is not Optuna's, or it cannot be read.
    """
    path = database_path(url)
    if not path.is_file():
        raise StorageFailed(f"no database at {path} (start with `tuner run`, or give another with --storage)")
    if not _tables(url) >= OPTUNA_TABLES:
        raise StorageFailed(f"{path} is not a database of Optuna's (give another with --storage)")
    return _open(url, ("PRAGMA query_only=ON",))


def refuse_foreign(url: URL) -> None:
    """Refuses to write to a database that holds somebody else's tables, without touching it.

    Raises:
        StorageFailed: naming the file.
    """
    tables = _tables(url)
    if tables and not tables & OPTUNA_TABLES:  # some of Optuna's: their making was cut off, and is taken up again
        raise StorageFailed(f"{database_path(url)} is not a database of Optuna's (give another with --storage)")


def half_made(url: URL) -> bool:
    """Whether the making of Optuna's tables was cut off; whoever writes next takes it up again.

    Raises:
        StorageFailed: where the file cannot be read.
    """
    tables = _tables(url)
    return not tables or bool(tables & OPTUNA_TABLES and not tables >= OPTUNA_TABLES)


def prepare_folder(url: URL) -> None:
    """Makes the database's folder where it is missing, and looks whether models can be kept beside it.

    Raises:
        StorageFailed: where that cannot be done.
    """
    folder, artifacts = database_path(url).parent, artifact_folder(url)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageFailed(f"cannot create the folder {folder}: {error.strerror} (choose another --storage)") from None
    if artifacts.exists() and not artifacts.is_dir():
        raise StorageFailed(f"{artifacts} is in the way: models are kept in a folder of that name (move the file)")


def open_to_write(url: URL) -> BaseStorage:
    """Opens a database to write to, creating it where missing.

    Only one process at a time makes the tables: Optuna's own creation fails where two meet.

    Raises:
        StorageFailed: where that fails.
    """
    path = database_path(url)
    with storage_errors(url), _alone(path.with_name(f"{path.name}.lock")):
        return _open(url, WRITER)


def _open(url: URL, pragmas: tuple[str, ...]) -> BaseStorage:
    def tune(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.close()

    with storage_errors(url):
        storage = RDBStorage(
            url.render_as_string(hide_password=False), engine_kwargs={"connect_args": {"timeout": BUSY_TIMEOUT}}
        )
        event.listen(storage.engine, "connect", tune)
        storage.engine.dispose()  # so that every connection is a tuned one
        return optuna.storages.get_storage(storage)


def _tables(url: URL) -> set[str]:
    """The tables of an SQLite file, opened so that nothing can be written."""
    query = "SELECT name FROM sqlite_master WHERE type = 'table'"
    try:
        with contextlib.closing(sqlite3.connect(f"{database_path(url).as_uri()}?mode=ro", uri=True)) as connection:
            return {name for (name,) in connection.execute(query)}
    except sqlite3.Error as error:
        raise StorageFailed(f"database {database_path(url)}: {_cause(error)}") from error


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Waits until no other process holds the lock on this file."""
    try:
        file = path.open("a", encoding="utf-8")
    except OSError as error:
        raise StorageFailed(f"cannot write {path}: {error.strerror} (choose another --storage)") from None
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def storage_errors(url: URL) -> Iterator[None]:
    """Turns what the database layers raise into one line that names the database and the cause."""
    try:
        yield
    except (optuna.exceptions.StorageInternalError, SQLAlchemyError) as error:
        raise StorageFailed(f"database {database_path(url)}: {_cause(error)}") from error
    except RuntimeError as error:  # Optuna's word on a schema of another version
        if "no longer compatible with the table schema" not in str(error):
            raise
        raise StorageFailed(
            f"database {database_path(url)} was made by another version of Optuna than {optuna.__version__}: "
            f"{_way_out(str(error))}, or give another database with --storage"
        ) from error


def _way_out(message: str) -> str:
    return "run `optuna storage upgrade` on a copy" if "storage upgrade" in message else "upgrade this installation"


def _cause(error: BaseException) -> str:
    root = error
    while root.__cause__ is not None:
        root = root.__cause__
    text = " ".join(str(getattr(root, "orig", None) or root).split())
    if NOT_A_DATABASE in text:
        return "is not an SQLite database, or a damaged one (restore a copy, or give another with --storage)"
    if "readonly" in text or "unable to open" in text:
        return f"{text} (check the permissions, or give another with --storage)"
    return f"{text} (with the cause gone, the same command goes on)"
