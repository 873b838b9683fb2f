"""Serves optuna-dashboard with waitress."""

import socket
from collections.abc import Callable, Iterable
from typing import Any

import waitress
from optuna.artifacts import FileSystemArtifactStore
from optuna_dashboard import wsgi
from sqlalchemy.engine import URL

from tuner.errors import UsageProblem
from tuner.study.storage import artifact_folder, open_to_read, storage_errors

HOST = "127.0.0.1"
THREADS = 4

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def serve(url: URL, port: int, *, announce: Callable[[str], None]) -> None:
    """Serves until Ctrl-C.

    Raises:
        StorageFailed: where there is no database yet.
        UsageProblem: where the port is taken.
    """
    with storage_errors(url):
        server = make_server(url, port)
    announce(f"http://{HOST}:{server.effective_port}/dashboard/")
    try:
        server.run()
    finally:
        server.close()


def make_server(url: URL, port: int) -> Any:
    """The server, bound and not yet running."""
    folder = artifact_folder(url)
    store = FileSystemArtifactStore(str(folder)) if folder.is_dir() else None
    application = read_only(wsgi(open_to_read(url), artifact_store=store))
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise UsageProblem(f"--port {port}: {error.strerror} (another port, or 0 for a free one)") from None
    return waitress.create_server(application, sockets=[listener], threads=THREADS, ident=None)


def read_only(application: Application) -> Application:
    """Lets GET and HEAD pass and answers 403 to all else: the dashboard could delete a study and its files."""

    def guarded(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] in ("GET", "HEAD"):
            return application(environ, start_response)
        start_response("403 Forbidden", [("Content-Type", "text/plain; charset=utf-8")])
        return [b"This dashboard is read-only.\n"]

    return guarded
