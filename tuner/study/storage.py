"""Opens the database that keeps the studies, and says in a line what is wrong with one that does not open."""

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
from tuner.study.retrying_storage import RetryingStorage, announce_away
from tuner.study.sqlite import database_path as database_path  # asked for here as well

DEFAULT_URL = "sqlite:///studies/tuner.db"
ARTIFACTS = "TUNER_ARTIFACTS"  # the variable that names the folder of models beside a PostgreSQL database
SQLITE_TABLES, POSTGRES_TABLES = sqlite.OPTUNA_TABLES, postgres.OPTUNA_TABLES | {"alembic_version"}

Lock = StudyLock | AdvisoryLock
Storage = BaseStorage  # what is opened here, for those who pass it on


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
    if url.drivername in postgres.DRIVERS:
        return postgres.parse(url)
    if url.drivername not in sqlite.DRIVERS:
        raise UsageProblem(
            f"storage {said}: only SQLite and PostgreSQL are offered, such as {DEFAULT_URL} or {postgres.EXAMPLE}"
        )
    return _parse_sqlite(url, text)


def _parse_sqlite(url: URL, text: str) -> URL:
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


def is_sqlite(url: URL) -> bool:
    """Whether the database is a file."""
    return url.drivername in sqlite.DRIVERS


def describe(url: URL) -> str:
    """What to call a database in a sentence: its file, or its URL without the password."""
    return str(database_path(url)) if is_sqlite(url) else postgres.describe(url)


def storage_text(url: URL) -> str:
    """A URL to be typed or stored: it works where the password comes from PGPASSWORD or ~/.pgpass."""
    return url.render_as_string(hide_password=True) if is_sqlite(url) else postgres.without_secrets(url)


def artifact_folder(url: URL) -> Path:
    """Where the models of a database's studies are kept.

    Beside an SQLite file. For PostgreSQL, the folder that TUNER_ARTIFACTS names, else one of the database's name in
    `studies` of the current folder.
    """
    if is_sqlite(url):
        return database_path(url).with_suffix(".artifacts")
    if named := os.environ.get(ARTIFACTS):
        return Path(named).expanduser().resolve()
    return (Path("studies") / f"{url.database}.artifacts").resolve()


def is_there(url: URL) -> bool:
    """Whether there is something to read from: a file, or a database with tables.

    Raises:
        StorageFailed: where no server answers, or not to us.
    """
    return database_path(url).is_file() if is_sqlite(url) else bool(postgres.tables(url))


def study_lock(url: URL, study: str) -> Lock:
    """The lock that makes one process a study's only writer."""
    return StudyLock(database_path(url), study) if is_sqlite(url) else AdvisoryLock(url, study)


def open_to_read(url: URL) -> BaseStorage:
    """Opens a database to read from; never creates one, never writes to one.

    Raises:
        StorageFailed: where there is none, it is not Optuna's, or it cannot be read.
    """
    way_out = "(start with `tuner run`, or give another with --storage)"
    if is_sqlite(url) and not database_path(url).is_file():
        raise StorageFailed(f"no database at {database_path(url)} {way_out}")
    tables = _tables(url)
    if not tables and not is_sqlite(url):
        raise StorageFailed(f"database {describe(url)} holds no studies yet {way_out}")
    if not tables >= _optuna_tables(url):
        raise StorageFailed(_not_optunas(url))
    with storage_errors(url):
        return sqlite.open_to_read(url) if is_sqlite(url) else postgres.open_to_read(url)


def refuse_foreign(url: URL) -> None:
    """Refuses to write to a database that holds somebody else's tables, without touching it.

    Raises:
        StorageFailed: naming it.
    """
    tables = _tables(url)
    if not is_sqlite(url) and tables:  # where tables come all at once, or none
        foreign = not tables >= postgres.OPTUNA_TABLES
    else:
        foreign = bool(tables and not tables & SQLITE_TABLES)
    if foreign:  # some of Optuna's: their making was cut off, and is taken up again
        raise StorageFailed(_not_optunas(url))


def half_made(url: URL) -> bool:
    """Whether the making of Optuna's tables was cut off; whoever writes next takes it up again.

    Raises:
        StorageFailed: where the database cannot be read.
    """
    tables, wanted = _tables(url), _optuna_tables(url)
    return not tables or bool(tables & wanted and not tables >= wanted)


def prepare_folder(url: URL) -> None:
    """Makes an SQLite file's folder where it is missing, and looks whether models can be kept.

    Raises:
        StorageFailed: where that cannot be done.
    """
    artifacts = artifact_folder(url)
    folder = artifacts.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        way_out = "choose another --storage" if is_sqlite(url) else f"choose another with {ARTIFACTS}"
        raise StorageFailed(f"cannot create the folder {folder}: {error.strerror} ({way_out})") from None
    if artifacts.exists() and not artifacts.is_dir():
        raise StorageFailed(f"{artifacts} is in the way: models are kept in a folder of that name (move the file)")


def open_to_write(url: URL, lock: Lock | None = None) -> BaseStorage:
    """Opens a database to write to, creating its tables where missing.

    Args:
        url: The database.
        lock: The study's, held; on PostgreSQL, all writing goes over the connection that holds it.

    Raises:
        StorageFailed: where that fails.
    """
    with storage_errors(url):
        if is_sqlite(url):
            return sqlite.open_to_write(url)
        held = lock if isinstance(lock, AdvisoryLock) else None
        storage = postgres.open_to_write(url, held.connect if held else lambda: postgres.connect(url))
        announce_away(storage.engine, postgres.is_passing)
        return RetryingStorage(optuna.storages.get_storage(storage), describe(url), engine=storage.engine)


def _tables(url: URL) -> set[str]:
    return sqlite.tables(url) if is_sqlite(url) else postgres.tables(url)


def _optuna_tables(url: URL) -> set[str]:
    return SQLITE_TABLES if is_sqlite(url) else POSTGRES_TABLES


def _not_optunas(url: URL) -> str:
    return f"{describe(url)} is not a database of Optuna's (give another with --storage)"


@contextlib.contextmanager
def storage_errors(url: URL) -> Iterator[None]:
    """Turns what the database layers raise into one line that names the database and the cause."""
    try:
        yield
    except (optuna.exceptions.StorageInternalError, SQLAlchemyError) as error:
        raise StorageFailed(f"database {describe(url)}: {_cause(url, error)}") from error
    except RuntimeError as error:  # Optuna's word on a schema of another version
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
    told: BaseException = getattr(root, "orig", None) or root
    return sqlite.cause(told) if is_sqlite(url) else postgres.cause(url, told)
