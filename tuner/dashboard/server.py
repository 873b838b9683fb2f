"""Serves optuna-dashboard behind the request checks of `guard`."""

import logging
import socket
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from bottle import HTTPResponse
from optuna_dashboard import wsgi
from sqlalchemy.engine import URL

from tuner import __version__
from tuner.dashboard.access import LOOPBACK, Access, listen, make_access
from tuner.dashboard.answers import ARTIFACTS, Application, artifact_pages, send_file, status_line, with_safe_headers
from tuner.dashboard.connections import TimedServer, bounded_server
from tuner.dashboard.guard import Health, guarded
from tuner.dashboard.story import Story, Untold, telling_pages
from tuner.study.kept_models import artifact_store
from tuner.study.page_storage import PageStorage, open_for_pages
from tuner.study.storage import Storage, artifact_folder, open_to_write, storage_errors

STATIC = Path(__file__).with_name("static")
SCRIPT = "/tuner/page.js"
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - recognised, not bound

Teller = Callable[[PageStorage], Story]


def serve(
    url: URL,
    port: int,
    *,
    announce: Callable[[str], None],
    host: str = LOOPBACK,
    token_file: Path | None = None,
    writable: bool = False,
    teller: Teller = lambda _: Untold(),
) -> None:
    """Serves until Ctrl-C.

    Raises:
        StorageFailed: if there is no database yet.
        UsageProblem: if the port is taken, the host is not this machine's, or the file holds no token.
    """
    with storage_errors(url), listen(host, port) as listener:
        access = make_access(listener.getsockname()[0], token_file, writable=writable)
        server = make_server(url, listener, access, teller=teller)
        announce(page_address(listener, access))
        try:
            server.run()
        finally:
            server.close()


def make_server(
    url: URL,
    listener: socket.socket,
    access: Access,
    health: Health | None = None,
    teller: Teller = lambda _: Untold(),
) -> TimedServer:
    """The server, listening and not yet running."""
    pages = open_for_pages(url)  # raises if there is no database
    shown: Storage = open_to_write(url) if access.writable else pages
    application = make_application(shown, artifact_folder(url), access, health, teller(pages))
    return bounded_server(application, listener, writable=access.writable)


def make_application(
    storage: Storage, folder: Path, access: Access, health: Health | None = None, story: Story | None = None
) -> Application:
    """The dashboard with its artifacts and what the story tells, behind the request checks."""
    told = story or Untold()
    pages = wsgi(storage, artifact_store=artifact_store(folder))
    pages.catchall = False  # the guard catches exceptions and hides tracebacks
    pages.default_error_handler = status_line
    logging.getLogger("optuna_dashboard").addFilter(_first_line_only)
    logging.getLogger("optuna_dashboard._bottle_util").addFilter(_first_line_only)
    artifacts = artifact_pages(storage, folder, lambda *asked: _send_made(told, *asked))
    artifacts.get(SCRIPT, callback=lambda: send_file(STATIC / "page.js", "text/javascript"))
    artifacts.catchall = False
    telling = telling_pages(pages, told, _head(access))

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        own = environ.get("PATH_INFO", "").startswith((ARTIFACTS, SCRIPT))
        chosen: Application = artifacts if own else telling
        return chosen(environ, start_response)

    return with_safe_headers(guarded(application, access, health or _alive))


def _head(access: Access) -> str:
    """What the pages load besides optuna-dashboard: styles, some of which hide what would be refused, and a script."""
    names = ["page.css", "refused.css", *([] if access.writable else ["read_only.css"])]
    styles = "".join(f"<style>{(STATIC / name).read_text(encoding='utf-8')}</style>" for name in names)
    return f'{styles}<script defer src="{SCRIPT}"></script>'


def _send_made(story: Story, study_id: int, trial_id: int, artifact_id: str) -> Any:
    """A file that is made when it is asked for: 202 while it is being made, 204 where it cannot be; None if unknown."""
    found = story.file(study_id, trial_id, artifact_id)
    if found is None:
        return None
    if found.path is not None:
        return send_file(found.path, found.mimetype)
    return HTTPResponse(status=202 if found.pending else 204, headers={"Cache-Control": "no-store"})


def page_address(listener: socket.socket, access: Access) -> str:
    """The URL of the dashboard; with the token if it was generated."""
    host, port = listener.getsockname()[:2]
    shown = socket.gethostname() if host in EVERYWHERE else f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}/dashboard/" + (f"?token={access.token}" if access.generated else "")


def _alive() -> dict[str, Any]:
    return {"ok": True, "version": __version__}


def _first_line_only(record: logging.LogRecord) -> bool:
    """Cuts tracebacks from optuna-dashboard's log messages, as for a missing page."""
    record.msg, record.args = record.getMessage().partition("\n")[0], None
    return True
