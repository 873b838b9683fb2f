"""The dashboard beside a run, for its length."""

import contextlib
import socket
import tempfile
from collections.abc import Iterator
from multiprocessing.connection import Connection
from tempfile import TemporaryDirectory

from sqlalchemy.engine import URL

from tuner.app.events import DashboardBegan, DashboardFailed
from tuner.app.notify import Notifier
from tuner.app.resolve import storage_url
from tuner.app.study_stories import stories
from tuner.dashboard.access import LOOPBACK, Access, listen
from tuner.dashboard.beside_run import serve_beside
from tuner.dashboard.server import page_address
from tuner.engines.processes import Child, spawn
from tuner.engines.worker import begin, result_or_error
from tuner.errors import UsageProblem

OPTION = "--dashboard-port"


@contextlib.contextmanager
def dashboard_beside(port: int | None, storage: str | None, notifier: Notifier) -> Iterator[None]:
    """Serves the database's studies within the block, which goes on without where that is not possible.

    Args:
        port: On this machine; 0 for a free one, None for no dashboard.
        storage: The database, which need not be there yet.
        notifier: Is told of the address, or of the reason why there is none.
    """
    if port is None:
        yield
        return
    url = storage_url(storage)
    try:
        listener = listen(LOOPBACK, port, OPTION)
    except UsageProblem as error:
        notifier.notify(DashboardFailed(reason=str(error)))
        yield
        return
    with TemporaryDirectory(prefix="tuner-beside-", ignore_cleanup_errors=True) as folder:
        with listener:
            listener.listen()  # so that a browser waits while the process loads
            address = page_address(listener, Access())
            child = spawn(_serve, url, listener, storage is not None, folder, name="tuner-dashboard")
        notifier.notify(DashboardBegan(address=address))
        try:
            yield
        finally:
            why = _reason(child) if child.pipe.poll() else None
            how = child.terminate()
            if why is not None:
                notifier.notify(DashboardFailed(reason=f"{why} ({how})"))


def _reason(child: Child) -> str:
    """What a process that has ended has sent."""
    try:
        return str(child.pipe.recv())
    except (EOFError, OSError):
        return "its process died"


def _serve(pipe: Connection, lifeline: Connection, url: URL, listener: socket.socket, named: bool, folder: str) -> None:
    """Serves until the run has ended; sends the error that ends it earlier."""
    tempfile.tempdir = folder  # of its files, which nobody else would remove where it is terminated

    def serve() -> None:
        with stories(url, named=named) as teller:
            serve_beside(url, listener, teller)

    begin(lifeline)
    pipe.send(result_or_error(serve))
