"""Studies in PostgreSQL: connections, tables, and opening a database."""

import contextlib
import functools
import importlib
import weakref
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import optuna
from optuna.storages import BaseStorage, RDBStorage
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from tuner.errors import StorageFailed, UsageProblem
from tuner.study.history import HistoryStorage

if TYPE_CHECKING:
    import psycopg

DRIVER = "postgresql+psycopg"
DRIVERS = ("postgresql", DRIVER)
BARE = f"{DRIVER}://"
EXAMPLE = f"{DRIVER}://USER@HOST/DATABASE"
SECRETS = ("password", "sslpassword")  # in a URL's query
INSTALL = "pip install 'roarm-tuner[postgres]', or in a checkout pip install '.[postgres]'"
OPTUNA_TABLES = {"studies", "trials", "version_info"}
SCHEMA_KEY = 0x7475_6E65_7200_0001  # of the advisory lock under which tables are made
TIMEOUTS = {"connect_timeout": 10, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}  # s
SETTINGS = {
    "statement_timeout": "60s",
    "tcp_keepalives_idle": "30",  # so that the server drops a machine that lost its power, and its lock
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}
TEMPORARY = ("08", "53300", "57014", "57P", "55P03", "40001", "40P01")  # SQLSTATEs of temporary errors
TABLES = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND pg_table_is_visible(c.oid)
AND n.nspname NOT IN ('pg_catalog', 'information_schema')
AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
"""
VERSIONED = "SELECT EXISTS (SELECT 1 FROM version_info) AND EXISTS (SELECT 1 FROM alembic_version)"


def parse(url: URL) -> URL:
    """The URL with the psycopg driver, and a password in its query moved to its place.

    Raises:
        UsageProblem: if it names no database.
    """
    if not url.database:
        raise UsageProblem(f"storage {describe(url)} names no database, such as {EXAMPLE}")
    query = dict(url.query)
    password = query.pop("password", None)
    if isinstance(password, str) and url.password is None:
        url = url.set(password=password)
    return url.set(drivername=DRIVER, query=query)


def describe(url: URL) -> str:
    """The URL with secrets replaced by `***`."""
    query = {key: "***" if key in SECRETS else value for key, value in url.query.items()}
    return url.set(query=query).render_as_string(hide_password=True)


def without_secrets(url: URL) -> str:
    """The URL without passwords, for PGPASSWORD or ~/.pgpass."""
    query = {key: value for key, value in url.query.items() if key not in SECRETS}
    bare = URL.create(
        url.drivername, username=url.username, host=url.host, port=url.port, database=url.database, query=query
    )
    return bare.render_as_string()


def load_driver(url: URL) -> Any:
    """The package psycopg.

    Raises:
        UsageProblem: if it is not installed, naming the install command.
    """
    try:
        return importlib.import_module("psycopg")
    except ImportError:
        raise UsageProblem(f"storage {describe(url)}: needs psycopg, which is not installed ({INSTALL})") from None


def connect(url: URL, *, read_only: bool = False, name: str = "tuner") -> "psycopg.Connection[Any]":
    """A connection with timeouts on client and server.

    Args:
        url: The database.
        read_only: Whether its transactions are read-only.
        name: Its name in the server's list of sessions.
    """
    psycopg = load_driver(url)
    _, arguments = url.get_dialect()().create_connect_args(url)
    connection = psycopg.connect(**{**TIMEOUTS, "application_name": name, **arguments})
    settings = {**SETTINGS, **({"default_transaction_read_only": "on"} if read_only else {})}
    try:
        connection.autocommit = True
        places = ", ".join("set_config(%s, %s, false)" for _ in settings)
        connection.execute(f"SELECT {places}", [word for setting in settings.items() for word in setting])
        connection.autocommit = False
    except BaseException:
        connection.close()
        raise
    return connection  # type: ignore[no-any-return]


def tables(url: URL) -> set[str]:
    """The tables of a database, without extensions; `alembic_version` only if both version tables are filled.

    Raises:
        StorageFailed: if it cannot be read.
    """
    with errors(url), contextlib.closing(connect(url, read_only=True)) as connection:
        found = {name for (name,) in connection.execute(TABLES).fetchall()}
        if found >= OPTUNA_TABLES | {"alembic_version"}:
            row = connection.execute(VERSIONED).fetchone()
            return found if row and row[0] else found - {"alembic_version"}  # else creating them was interrupted
        return found


def open_to_read(url: URL, *, light: bool) -> BaseStorage:
    """Opens a database with tables, read-only; `light` leaves heavy attributes of trials out."""
    storage = _open(functools.partial(connect, url, read_only=True))
    storage.light = light
    return optuna.storages.get_storage(storage)


def open_to_write(url: URL, connect_to_write: Callable[[], Any]) -> RDBStorage:
    """Opens a database for writing over one connection; creates missing tables.

    Args:
        url: The database.
        connect_to_write: Returns that connection, and a new one after it was lost.
    """
    _make_tables(url)
    return _open(connect_to_write, pool_size=1, max_overflow=0, skip_compatibility_check=True)


def _make_tables(url: URL) -> None:
    """Creates missing Optuna tables; one process at a time, since concurrent creation fails."""
    with errors(url), contextlib.closing(connect(url)) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [SCHEMA_KEY])  # until the connection is closed
        RDBStorage(BARE, engine_kwargs={"creator": functools.partial(connect, url), "poolclass": NullPool})


def _open(creator: Callable[[], Any], *, skip_compatibility_check: bool = False, **pool: int) -> HistoryStorage:
    """Opens with a bare URL, since Optuna stores it; `creator` makes the connections, with the password."""
    storage = HistoryStorage(
        BARE,
        engine_kwargs={"creator": creator, "pool_pre_ping": True, **pool},
        skip_table_creation=True,
        skip_compatibility_check=skip_compatibility_check,  # the check needs a second connection
    )
    weakref.finalize(storage, storage.engine.dispose)  # closes the connections with the storage
    return storage


def is_temporary(error: BaseException) -> bool:
    """Whether a psycopg error may pass by waiting: no connection, a server that starts or stops, a conflict."""
    state = getattr(error, "sqlstate", None)
    if state is None:
        return type(error).__name__ in ("OperationalError", "InterfaceError", "ConnectionTimeout")
    return str(state).startswith(TEMPORARY)


@contextlib.contextmanager
def errors(url: URL) -> Iterator[None]:
    """Converts psycopg errors to `StorageFailed`, in one line."""
    psycopg = load_driver(url)
    try:
        yield
    except psycopg.Error as error:
        raise StorageFailed(f"database {describe(url)}: {cause(url, error)}") from error


def cause(url: URL, error: BaseException) -> str:
    """The cause of an error in one line, and what to do.

    Errors of commands have an SQLSTATE. For refused connections libpq passes on only the server's message, in its own
    language: English ones are recognised, others shown as they are.
    """
    text, state = " ".join(str(error).split()), getattr(error, "sqlstate", None)
    for sign, meaning in CAUSES.items():
        if sign == state or (state is None and sign in text):
            return meaning.format(user=url.username or "", database=url.database)
    if state is None and is_temporary(error):
        return f"no connection: {text} (start the server, or give another with --storage)"
    return f"{text} (fix the cause, then rerun to resume)"


CAUSES = {
    "password authentication failed": (
        "the server rejects the password of user {user!r} (set PGPASSWORD or write ~/.pgpass)"
    ),
    "no password supplied": "the server needs a password for user {user!r} (set PGPASSWORD or write ~/.pgpass)",
    'role "': "the server has no such user (run createuser, or give another with --storage)",
    'database "': "the server has no database {database!r} (run createdb {database}, or give another with --storage)",
    "42501": "user {user!r} may not create tables there (make the user its owner: createdb -O USER {database})",
}
