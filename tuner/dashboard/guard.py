"""Checks host, origin, token and parameters of every request before optuna-dashboard handles it."""

import json
import logging
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from tuner.dashboard.access import Access
from tuner.dashboard.answers import Application, plain

logger = logging.getLogger(__name__)

READING = ("GET", "HEAD")
HEALTH = "/healthz"
NAMES = {"localhost", "127.0.0.1", "[::1]"}  # of loopback; any other name may be DNS rebinding
COOKIE = "tuner-pass"
YEAR = 365 * 24 * 3600
TOO_LONG = re.compile(r"\d{19,}")  # no database id has as many digits
WHOLE = re.compile(r"[0-9]{1,18}")

TAKEN = (  # changes that a writable dashboard takes: no trials, values or files, which later code would trust
    ("POST", re.compile(r"/api/studies/\d+/rename")),
    ("PUT", re.compile(r"/api/studies/\d+(/\d+)?/note")),
    ("DELETE", re.compile(r"/api/studies/\d+|/api/artifacts/\d+(/\d+)?/[0-9a-fA-F-]+")),
)

Health = Callable[[], Mapping[str, Any]]
Start = Callable[..., Any]


def guarded(application: Application, access: Access, health: Health) -> Application:
    """The dashboard behind all checks; /healthz needs no token."""

    def answer(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if access.token is None and not named_as_loopback(environ):
            return plain(start, "403 Forbidden", "This dashboard accepts requests to localhost and 127.0.0.1 only.")
        if environ["REQUEST_METHOD"] not in READING:
            if not access.writable:
                return plain(start, "403 Forbidden", "This dashboard is read-only.")
            if not any(environ["REQUEST_METHOD"] == method and known.fullmatch(path) for method, known in TAKEN):
                return plain(start, "403 Forbidden", "This dashboard takes names, notes and deletions alone.")
            if not same_site(environ):
                return plain(start, "403 Forbidden", "Changes are accepted from the dashboard's own pages only.")
        if path == HEALTH:
            return _health_response(start, health)
        if access.token is not None and not _is_authorized(environ, access):
            return _login(environ, start, access)
        return _forward(application, environ, start)

    return answer


def named_as_loopback(environ: Mapping[str, Any]) -> bool:
    """Whether the Host header is a loopback name; any other may be DNS rebinding."""
    return re.sub(r":\d*$", "", environ.get("HTTP_HOST", "")).lower() in NAMES


def same_site(environ: Mapping[str, Any]) -> bool:
    """Whether the request comes from a page of this dashboard, or from no page, by its Sec-Fetch-Site and Origin."""
    fetched = environ.get("HTTP_SEC_FETCH_SITE")
    if fetched is not None and fetched not in ("same-origin", "none"):
        return False
    origin = environ.get("HTTP_ORIGIN")
    return origin is None or (urlsplit_or_none(origin) or "") == environ.get("HTTP_HOST", "")


def urlsplit_or_none(text: str) -> str | None:
    """Host and port of a URL; None if it is not one."""
    try:
        return urlsplit(text).netloc or None
    except ValueError:
        return None


def _health_response(start: Start, health: Health) -> Iterable[bytes]:
    found = health()
    body = json.dumps(found).encode() + b"\n"
    headers = [("Content-Type", "application/json"), ("Cache-Control", "no-store"), ("Content-Length", str(len(body)))]
    start("200 OK" if found.get("ok") else "503 Service Unavailable", headers)
    return [body]


def _is_authorized(environ: Mapping[str, Any], access: Access) -> bool:
    """Whether the request carries the cookie, or the token as a bearer token."""
    cookies = (part.strip().partition("=") for part in environ.get("HTTP_COOKIE", "").split(";"))
    scheme, _, given = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() == "bearer":
        return access.knows(given.strip())
    return any(name == COOKIE and access.admits(value) for name, _, value in cookies)


def _login(environ: Mapping[str, Any], start: Start, access: Access) -> Iterable[bytes]:
    """Exchanges a token in the URL for a cookie and redirects to the URL without it; else answers 401."""
    asked = parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    if environ["REQUEST_METHOD"] in READING and any(name == "token" and access.knows(text) for name, text in asked):
        rest = urlencode([(name, text) for name, text in asked if name != "token"])
        path = "/" + quote(environ.get("PATH_INFO", "").lstrip("/\\").encode("latin-1"))
        secure = "; Secure" if environ.get("HTTP_X_SCHEME") == "https" else ""  # as a proxy with TLS says
        cookie = f"{COOKIE}={access.pass_text()}; HttpOnly; SameSite=Strict; Path=/; Max-Age={YEAR}{secure}"
        headers = [("Location", f"{path}?{rest}" if rest else path), ("Set-Cookie", cookie)]
        return plain(start, "303 See Other", "Welcome.", [*headers, ("Cache-Control", "no-store")])
    word = "This dashboard needs its token, once as ?token=…, or as `Authorization: Bearer …`."
    return plain(start, "401 Unauthorized", word, [("WWW-Authenticate", 'Bearer realm="tuner"')])


def _forward(application: Application, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
    """The dashboard's response; rejects parameters it would crash on, and turns exceptions into one line."""
    if TOO_LONG.search(environ.get("PATH_INFO", "")):
        return plain(start, "404 Not Found", "Page not found.")
    asked = parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    if any(name == "after" and WHOLE.fullmatch(text) is None for name, text in asked):
        return plain(start, "400 Bad Request", "after must be a whole number.")
    environ.setdefault("HTTP_ACCEPT_ENCODING", "")  # the dashboard expects it
    try:
        return application(environ, start)
    except Exception as error:  # one failing page must not stop the server
        logger.error("%s %r: %s", environ["REQUEST_METHOD"], environ.get("PATH_INFO"), " ".join(repr(error).split()))
        logger.debug("traceback", exc_info=True)
        return plain(start, "500 Internal Server Error", "Internal error in the dashboard; its log gives the cause.")
