"""Opens the database of the studies, on SQLite or PostgreSQL, with one-line errors."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import BaseStorage
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from tuner.errors import StorageFailed, UsageProblem
from tuner.study import postgres, sqlite
from tuner.study.advisory_lock import AdvisoryLock
from tuner.study.file_lock import StudyLock
from tuner.study.retrying_storage import RetryingStorage, raise_unavailable
from tuner.study.sqlite import database_path as database_path  # also imported from here

DEFAULT_URL = "sqlite:///studies/tuner.db"
ARTIFACTS = "TUNER_ARTIFACTS"  # variable: the artifact folder for a PostgreSQL database
SQLITE_TABLES, POSTGRES_TABLES = sqlite.OPTUNA_TABLES, postgres.OPTUNA_TABLES | {"alembic_version"}

Lock = StudyLock | AdvisoryLock
Storage = BaseStorage  # the type of an open database


def parse_url(text: str) -> URL:
    """Parses a database URL; makes an SQLite path absolute and follows its links.

    Raises:
        UsageProblem: if it is not an SQLite or PostgreSQL URL, or names no file.
    """
    scheme, separator, _ = text.partition("://")  # the rest may hold a password
    shown = f"{scheme}://…" if separator else repr(text)
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise UsageProblem(f"storage {shown} is not a database URL, such as {DEFAULT_URL}") from None
    if url.drivername in postgres.DRIVERS:
        return postgres.parse(url)
    if url.drivername not in sqlite.DRIVERS:
        raise UsageProblem(
            f"storage {shown}: only SQLite and PostgreSQL are supported, such as {DEFAULT_URL} or {postgres.EXAMPLE}"
        )
    return _parse_sqlite(url, text)


def _parse_sqlite(url: URL, text: str) -> URL:
    if not url.database or url.database == ":memory:":
        raise UsageProblem(f"storage {text!r} names no file; studies must outlive the command, such as {DEFAULT_URL}")
    if "?" in text:
        raise UsageProblem(
            f"storage {text!r}: a ? begins a URL's options, and there are none; write %3F in a file's name"
        )
    try:
        path = Path(url.database).expanduser().resolve()
        folder = path.is_dir()
    except (OSError, RuntimeError) as error:
        raise UsageProblem(f"storage {text!r}: {error}") from None
    if folder:
        raise UsageProblem(f"storage {text!r} is a folder; name a file in it, such as {DEFAULT_URL}")
    return url.set(database=str(path))


def is_sqlite(url: URL) -> bool:
    """Whether the database is an SQLite file."""
    return url.drivername in sqlite.DRIVERS


def describe(url: URL) -> str:
    """A database's name in messages: its file, or its URL without the password."""
    return str(database_path(url)) if is_sqlite(url) else postgres.describe(url)


def storage_text(url: URL) -> str:
    """The URL for commands and exports, without the password (see PGPASSWORD, ~/.pgpass)."""
    return url.render_as_string(hide_password=True) if is_sqlite(url) else postgres.without_secrets(url)


def artifact_folder(url: URL) -> Path:
    """The folder of the models of a database's studies.

    Beside an SQLite file. For PostgreSQL the folder in TUNER_ARTIFACTS, else `studies/DATABASE.artifacts` in the
    current folder.
    """
    if is_sqlite(url):
        return database_path(url).with_suffix(".artifacts")
    if named := os.environ.get(ARTIFACTS):
        return Path(named).expanduser().resolve()
    return (Path("studies") / f"{url.database}.artifacts").resolve()


def is_there(url: URL) -> bool:
    """Whether the SQLite file, or a table in the PostgreSQL database, exists.

    Raises:
        StorageFailed: if the server cannot be reached, or refuses the connection.
    """
    return database_path(url).is_file() if is_sqlite(url) else bool(postgres.tables(url))


def study_lock(url: URL, study: str) -> Lock:
    """The lock of a study's only writer."""
    return StudyLock(database_path(url), study) if is_sqlite(url) else AdvisoryLock(url, study)


def open_to_read(url: URL, *, light: bool = False) -> BaseStorage:
    """Opens a database read-only; never creates one.

    Args:
        url: The database.
        light: Whether trials are read without their heavy attributes (`tuner.study.history.HEAVY`).

    Raises:
        StorageFailed: if there is none, it is not an Optuna database, or it cannot be read.
    """
    way_out = "(start with `tuner run`, or give another with --storage)"
    if is_sqlite(url) and not database_path(url).is_file():
        raise StorageFailed(f"no database at {database_path(url)} {way_out}")
    tables = _tables(url)
    if not tables and not is_sqlite(url):
        raise StorageFailed(f"database {describe(url)} holds no studies yet {way_out}")
    if not tables >= _optuna_tables(url):
        raise StorageFailed(_not_optuna(url))
    with storage_errors(url):
        return sqlite.open_to_read(url, light=light) if is_sqlite(url) else postgres.open_to_read(url, light=light)


def refuse_foreign(url: URL) -> None:
    """Raises for a database with tables of another program, without writing to it.

    Raises:
        StorageFailed: naming the database.
    """
    tables = _tables(url)
    if not is_sqlite(url) and tables:  # PostgreSQL creates all tables in one transaction
        foreign = not tables >= postgres.OPTUNA_TABLES
    else:
        foreign = bool(tables and not tables & SQLITE_TABLES)
    if foreign:  # with some of Optuna's tables, creating them is completed
        raise StorageFailed(_not_optuna(url))


def half_made(url: URL) -> bool:
    """Whether creating Optuna's tables was interrupted; the next writer completes it.

    Raises:
        StorageFailed: if the database cannot be read.
    """
    tables, wanted = _tables(url), _optuna_tables(url)
    return not tables or bool(tables & wanted and not tables >= wanted)


def prepare_folder(url: URL) -> None:
    """Creates the missing folder of an SQLite file, and checks that models can be stored.

    Raises:
        StorageFailed: if that fails.
    """
    artifacts = artifact_folder(url)
    folder = artifacts.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        way_out = "choose another --storage" if is_sqlite(url) else f"choose another with {ARTIFACTS}"
        raise StorageFailed(f"cannot create the folder {folder}: {error.strerror} ({way_out})") from None
    if artifacts.exists() and not artifacts.is_dir():
        raise StorageFailed(f"{artifacts} is a file, but models are stored in a folder of that name (move the file)")


def open_to_write(url: URL, lock: Lock | None = None) -> BaseStorage:
    """Opens a database for writing; creates missing tables.

    Args:
        url: The database.
        lock: The held lock of the study; on PostgreSQL all writes use its connection.

    Raises:
        StorageFailed: if that fails.
    """
    with storage_errors(url):
        if is_sqlite(url):
            return sqlite.open_to_write(url)
        held = lock if isinstance(lock, AdvisoryLock) else None
        storage = postgres.open_to_write(url, held.connect if held else lambda: postgres.connect(url))
        raise_unavailable(storage.engine, postgres.is_temporary)
        return RetryingStorage(optuna.storages.get_storage(storage), describe(url), engine=storage.engine)


def _tables(url: URL) -> set[str]:
    return sqlite.tables(url) if is_sqlite(url) else postgres.tables(url)


def _optuna_tables(url: URL) -> set[str]:
    return SQLITE_TABLES if is_sqlite(url) else POSTGRES_TABLES


def _not_optuna(url: URL) -> str:
    return f"{describe(url)} is not an Optuna database (give another with --storage)"


@contextlib.contextmanager
def storage_errors(url: URL) -> Iterator[None]:
    """Converts database errors to `StorageFailed`, one line with the database and the cause."""
    try:
        yield
    except (optuna.exceptions.StorageInternalError, SQLAlchemyError) as error:
        raise StorageFailed(f"database {describe(url)}: {_cause(url, error)}") from error
    except RuntimeError as error:  # Optuna: the schema is of another version
        if "no longer compatible with the table schema" not in str(error):
            raise
        old = "storage upgrade" in str(error)
        way_out = "run `optuna storage upgrade` on a copy" if old else "upgrade this installation"
        raise StorageFailed(
            f"database {describe(url)} was made by another version of Optuna than {optuna.__version__}: "
            f"{way_out}, or give another database with --storage"
        ) from error


def _cause(url: URL, error: BaseException) -> str:
    root: Any = error
    while root.__cause__ is not None:
        root = root.__cause__
    original: BaseException = getattr(root, "orig", None) or root
    return sqlite.cause(original) if is_sqlite(url) else postgres.cause(url, original)
