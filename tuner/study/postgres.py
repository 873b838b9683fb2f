"""Studies in PostgreSQL: how a connection is made, what a database holds, and how it is opened."""

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
PATIENCE = {"connect_timeout": 10, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}  # s
SETTINGS = {
    "statement_timeout": "60s",
    "tcp_keepalives_idle": "30",  # so that the server lets go of a machine that lost its power, and of its lock
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}
PASSING = ("08", "53300", "57014", "57P", "55P03", "40001", "40P01")  # SQLSTATEs that waiting may mend
TABLES = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND pg_table_is_visible(c.oid)
AND n.nspname NOT IN ('pg_catalog', 'information_schema')
AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
"""
VERSIONED = "SELECT EXISTS (SELECT 1 FROM version_info) AND EXISTS (SELECT 1 FROM alembic_version)"


def parse(url: URL) -> URL:
    """The URL with its driver, a password out of its query where one stands there.

    Raises:
        UsageProblem: where it names no database.
    """
    if not url.database:
        raise UsageProblem(f"storage {describe(url)} names no database, such as {EXAMPLE}")
    query = dict(url.query)
    password = query.pop("password", None)
    if isinstance(password, str) and url.password is None:
        url = url.set(password=password)
    return url.set(drivername=DRIVER, query=query)


def describe(url: URL) -> str:
    """The URL without what is secret."""
    query = {key: "***" if key in SECRETS else value for key, value in url.query.items()}
    return url.set(query=query).render_as_string(hide_password=True)


def without_secrets(url: URL) -> str:
    """The URL as somebody types it who keeps the password elsewhere."""
    query = {key: value for key, value in url.query.items() if key not in SECRETS}
    bare = URL.create(
        url.drivername, username=url.username, host=url.host, port=url.port, database=url.database, query=query
    )
    return bare.render_as_string()


def load_driver(url: URL) -> Any:
    """The package psycopg.

    Raises:
        UsageProblem: where it is not installed, with the command that does.
    """
    try:
        return importlib.import_module("psycopg")
    except ImportError:
        raise UsageProblem(f"storage {describe(url)}: needs psycopg, which is not installed ({INSTALL})") from None


def connect(url: URL, *, read_only: bool = False, name: str = "tuner") -> "psycopg.Connection[Any]":
    """A connection with time limits on both sides.

    Args:
        url: The database.
        read_only: Whether its transactions can write nothing.
        name: What the server's list of sessions shows.
    """
    psycopg = load_driver(url)
    _, arguments = url.get_dialect()().create_connect_args(url)
    connection = psycopg.connect(**{**PATIENCE, "application_name": name, **arguments})
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
    """The tables of a database, those of its extensions left out; `alembic_version` only where both versions stand.

    Raises:
        StorageFailed: where it cannot be read.
    """
    with errors(url), contextlib.closing(connect(url, read_only=True)) as connection:
        found = {name for (name,) in connection.execute(TABLES).fetchall()}
        if found >= OPTUNA_TABLES | {"alembic_version"}:
            row = connection.execute(VERSIONED).fetchone()
            return found if row and row[0] else found - {"alembic_version"}  # else their making was cut off
        return found


def open_to_read(url: URL) -> BaseStorage:
    """Opens a database whose tables are there; never writes to it."""
    return optuna.storages.get_storage(_open(functools.partial(connect, url, read_only=True)))


def open_to_write(url: URL, connect_to_write: Callable[[], Any]) -> RDBStorage:
    """Opens a database to write to, over one connection; makes the tables where missing.

    Args:
        url: The database.
        connect_to_write: Makes that connection, and after a break the next.
    """
    _make_tables(url)
    return _open(connect_to_write, pool_size=1, max_overflow=0, skip_compatibility_check=True)


def _make_tables(url: URL) -> None:
    """Makes Optuna's tables where missing; one process at a time, since its own creation fails where two meet."""
    with errors(url), contextlib.closing(connect(url)) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [SCHEMA_KEY])  # until the connection is closed
        RDBStorage(BARE, engine_kwargs={"creator": functools.partial(connect, url), "poolclass": NullPool})


def _open(creator: Callable[[], Any], *, skip_compatibility_check: bool = False, **pool: int) -> RDBStorage:
    """The URL that Optuna keeps and hands around is bare: connections come from elsewhere, passwords with them."""
    storage = RDBStorage(
        BARE,
        engine_kwargs={"creator": creator, "pool_pre_ping": True, **pool},
        skip_table_creation=True,
        skip_compatibility_check=skip_compatibility_check,  # which takes two connections at once
    )
    weakref.finalize(storage, storage.engine.dispose)  # whatever opens, closes
    return storage


def is_passing(error: BaseException) -> bool:
    """Whether waiting may mend an error of psycopg's: no connection, a server that starts or stops, a conflict."""
    state = getattr(error, "sqlstate", None)
    if state is None:
        return type(error).__name__ in ("OperationalError", "InterfaceError", "ConnectionTimeout")
    return str(state).startswith(PASSING)


@contextlib.contextmanager
def errors(url: URL) -> Iterator[None]:
    """Turns what psycopg raises into one line."""
    psycopg = load_driver(url)
    try:
        yield
    except psycopg.Error as error:
        raise StorageFailed(f"database {describe(url)}: {cause(url, error)}") from error


def cause(url: URL, error: BaseException) -> str:
    """What the server or the network says, with the way out.

    An error that a server answers a command with has a state. Of one that refuses a connection libpq hands on its words
    alone, in the server's language: those that are English are understood, others shown.
    """
    text, state = " ".join(str(error).split()), getattr(error, "sqlstate", None)
    for sign, meaning in CAUSES.items():
        if sign == state or (state is None and sign in text):
            return meaning.format(user=url.username or "", database=url.database)
    if state is None and is_passing(error):
        return f"no connection: {text} (start the server, or give another with --storage)"
    return f"{text} (with the cause gone, the same command goes on)"


CAUSES = {
    "password authentication failed": (
        "the server does not take the password of user {user!r} (set PGPASSWORD or write ~/.pgpass)"
    ),
    "no password supplied": "the server wants a password of user {user!r} (set PGPASSWORD or write ~/.pgpass)",
    'role "': "the server knows no such user (createuser, or give another with --storage)",
    'database "': "the server has no database {database!r} (createdb {database}, or give another with --storage)",
    "42501": ("user {user!r} may not make tables there (make the database theirs: createdb -O USER {database})"),
}
