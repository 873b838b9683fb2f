"""The dashboard's own responses: plain text, security headers, and artifacts."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from bottle import Bottle, HTTPError, parse_range_header, request, static_file

from tuner.study.kept_models import Artifact, find_artifact, is_own_file
from tuner.study.storage import Storage

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
Headers = list[tuple[str, str]]

SAFE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
ARTIFACTS = "/artifacts/"
# Plotly's WebGL plots need eval; the page needs inline styles and data URLs
PAGE_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; "
    "img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self' data: blob:; worker-src 'self' blob:; "
    "frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
# artifacts are shown but cannot run scripts
ARTIFACT_POLICY = "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'"


def plain(start_response: Callable[..., Any], status: str, text: str, headers: Headers | None = None) -> list[bytes]:
    """A one-line text response."""
    body = f"{text}\n".encode()
    own = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
    start_response(status, [*own, *(headers or [])])
    return [body]


def with_safe_headers(application: Application) -> Application:
    """Adds security headers to every response: content policy, no type sniffing, no framing, no referrer."""

    def answering(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        artifact = environ.get("PATH_INFO", "").startswith(ARTIFACTS)
        own = {**SAFE, "Content-Security-Policy": ARTIFACT_POLICY if artifact else PAGE_POLICY}
        replaced = {name.lower() for name in own} | {"access-control-allow-origin"}

        def start(status: str, headers: Headers, *more: Any) -> Any:
            kept = [(name, value) for name, value in headers if name.lower() not in replaced]
            return start_response(status, [*kept, *own.items()], *more)

        return application(environ, start)

    return answering


def status_line(answer: Any) -> str:
    """The body of a Bottle error: its status line, without any part of the request."""
    answer.content_type = "text/plain; charset=utf-8"
    return f"{answer.status_line}\n"


SHOWN = re.compile(r"(image/(?!svg)[\w.+-]+|(video|audio)/[\w.+-]+|text/(csv|plain)|application/json)")
OTHER = "application/octet-stream"
NAME = "<artifact_id:re:[0-9a-fA-F-]{1,64}>"


def artifact_pages(storage: Storage, folder: Path, made: Callable[[int, int, str], Any] = lambda *_: None) -> Any:
    """The routes under /artifacts/, for studies and trials; `made` answers for what is no stored artifact."""
    app = Bottle()
    app.default_error_handler = status_line

    def of_study(study_id: int, artifact_id: str) -> Any:
        return _send(find_artifact(storage, study_id, None, artifact_id), folder)

    def of_trial(study_id: int, trial_id: int, artifact_id: str) -> Any:
        stored = find_artifact(storage, study_id, trial_id, artifact_id)
        answer = None if stored is not None else made(study_id, trial_id, artifact_id)
        return _send(stored, folder) if answer is None else answer

    app.get(f"/artifacts/<study_id:int>/{NAME}", callback=of_study)
    app.get(f"/artifacts/<study_id:int>/<trial_id:int>/{NAME}", callback=of_trial)
    return app


def _send(artifact: Artifact | None, folder: Path) -> Any:
    if artifact is None or not is_own_file(folder / artifact.id):
        return HTTPError(404)
    shown = SHOWN.fullmatch(artifact.mimetype) is not None
    name = re.sub(r"[^A-Za-z0-9_. -]", "_", artifact.filename) or "artifact"
    return send_file(folder / artifact.id, artifact.mimetype if shown else OTHER, download=False if shown else name)


def send_file(path: Path, mimetype: str, *, download: bool | str = False) -> Any:
    """A file as a response, or the ranges of it that are asked for."""
    ranges = request.get_header("Range")
    if ranges and path.is_file() and not list(parse_range_header(ranges, path.stat().st_size)):
        return HTTPError(416)  # `static_file` would leave the file open
    return static_file(path.name, str(path.parent), mimetype=mimetype, download=download)
