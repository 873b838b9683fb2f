"""The dashboard beside a run: read-only, of a database that the run may have yet to make."""

import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy.engine import URL

from tuner.dashboard.access import Access
from tuner.dashboard.answers import Application, plain
from tuner.dashboard.connections import bounded_server
from tuner.dashboard.guard import named_as_loopback
from tuner.dashboard.server import Teller, make_application
from tuner.errors import StorageFailed
from tuner.study.page_storage import open_for_pages
from tuner.study.storage import artifact_folder

AGAIN = "2"  # s until a browser asks again while there is no study


def serve_beside(url: URL, listener: socket.socket, teller: Teller) -> None:
    """Serves for ever on a bound socket of this machine."""
    bounded_server(PagesToCome(url, teller), listener).run()


class PagesToCome:
    """The dashboard of a database; until it is there, a page that comes again by itself."""

    def __init__(self, url: URL, teller: Teller) -> None:
        self._url = url
        self._teller = teller
        self._application: Application | None = None
        self._one_at_a_time = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answers a request."""
        with self._one_at_a_time:
            if self._application is None and named_as_loopback(environ):
                try:
                    pages = open_for_pages(self._url)
                    self._application = make_application(
                        pages, artifact_folder(self._url), Access(), story=self._teller(pages)
                    )
                except StorageFailed:
                    headers = [("Refresh", AGAIN)]
                    return plain(start_response, "503 Service Unavailable", "The study is about to begin.", headers)
        if self._application is None:
            return plain(start_response, "403 Forbidden", "This dashboard accepts requests to localhost only.")
        return self._application(environ, start_response)
