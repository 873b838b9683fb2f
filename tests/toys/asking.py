"""Requests to a WSGI application without a network."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from wsgiref.util import setup_testing_defaults


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A response."""

    status: int
    headers: dict[str, str]  # in lower case
    body: bytes
    errors: str  # text written to the server's error stream


def ask(application: Callable[..., Any], path: str, method: str = "GET", **environ: str) -> Answer:
    """One request, from localhost unless HTTP_HOST says otherwise; `path` may carry a query."""
    place, _, query = path.partition("?")
    errors = io.StringIO()
    asked: dict[str, Any] = {"REQUEST_METHOD": method, "PATH_INFO": place, "QUERY_STRING": query}
    asked |= {"HTTP_HOST": "127.0.0.1:8080", "CONTENT_TYPE": "application/json", "wsgi.input": io.BytesIO(b"{}")}
    asked |= {"CONTENT_LENGTH": "2", "wsgi.errors": errors, **environ}
    setup_testing_defaults(asked)
    told: dict[str, Any] = {}

    def start(status: str, headers: list[tuple[str, str]], _: Any = None) -> None:
        told.update(status=int(status.split()[0]), headers={name.lower(): value for name, value in headers})

    found = application(asked, start)
    body = b"".join(found)
    if hasattr(found, "close"):
        found.close()
    return Answer(body=body, errors=errors.getvalue(), **told)
