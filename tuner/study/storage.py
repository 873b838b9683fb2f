"""Opens the database that keeps the studies, and says in a line what is wrong with one that does not open."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import optuna
from optuna.storages import BaseStorage, RDBStorage
from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from tuner.errors import StorageFailed, UsageProblem

DEFAULT_URL = "sqlite:///studies/tuner.db"
BUSY_TIMEOUT = 60  # s that a write waits for another process's
NOT_A_DATABASE = "file is not a database"

optuna.logging.set_verbosity(optuna.logging.WARNING)


def parse_url(text: str) -> URL:
    """The URL of a database, a relative SQLite path made absolute.

    Raises:
        UsageProblem: where it is no URL of a kind of database that serves here.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        scheme, separator, _ = text.partition("://")  # what follows may hold a password
        said = f"{scheme}://…" if separator else repr(text)
        raise UsageProblem(f"storage {said} is not a database URL, such as {DEFAULT_URL}") from None
    if url.get_backend_name() != "sqlite":
        raise UsageProblem(f"storage {shown(url)}: only SQLite is offered, such as {DEFAULT_URL}")
    if not url.database or url.database == ":memory:":
        raise UsageProblem(f"storage {text!r} names no file, and a study must outlive the command: {DEFAULT_URL}")
    return url.set(database=str(Path(url.database).expanduser().absolute()))


def shown(url: URL) -> str:
    """The URL without its password."""
    return url.render_as_string(hide_password=True)


def database_path(url: URL) -> Path:
    """The SQLite file behind a URL."""
    return Path(str(url.database))


def artifact_folder(url: URL) -> Path:
    """Where the models of a database's studies are kept, beside it."""
    return database_path(url).with_suffix(".artifacts")


def open_existing(url: URL) -> BaseStorage:
    """Opens a database to read from; never creates one.

    Raises:
        StorageFailed: where there is none, or it cannot be read.
    """
    path = database_path(url)
    if not path.is_file():
        raise StorageFailed(f"no database at {path} (start with `tuner run`, or give another with --storage)")
    return _open(url)


def prepare_folder(url: URL) -> None:
    """Makes the database's folder where it is missing.

    Raises:
        StorageFailed: where that cannot be done.
    """
    folder = database_path(url).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageFailed(f"cannot create the folder {folder}: {error.strerror} (choose another --storage)") from None


def open_or_create(url: URL) -> BaseStorage:
    """Opens a database to write to, creating it where missing.

    Raises:
        StorageFailed: where that fails.
    """
    return _open(url)


def _open(url: URL) -> BaseStorage:
    with storage_errors(url):
        storage = RDBStorage(
            url.render_as_string(hide_password=False), engine_kwargs={"connect_args": {"timeout": BUSY_TIMEOUT}}
        )
        event.listen(storage.engine, "connect", _tune_connection)
        storage.engine.dispose()  # so that every connection is a tuned one
        return optuna.storages.get_storage(storage)


def _tune_connection(connection: object, _record: object) -> None:
    """Readers and the writer stop waiting for each other, and a commit costs no full sync."""
    cursor = connection.cursor()  # type: ignore[attr-defined]
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()


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
            "upgrade this installation, or give another database with --storage"
        ) from error


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
