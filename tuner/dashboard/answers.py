"""The dashboard's own answers: plain lines, headers for the browser's sake, and what trials left behind."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from bottle import Bottle, HTTPError, parse_range_header, request, static_file

from tuner.study.kept_models import Artifact, find_artifact
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
# eval is Plotly's, for the plots that WebGL draws; inline styles and data URLs are the page's
PAGE_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; "
    "img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self' data: blob:; worker-src 'self' blob:; "
    "frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
# what a trial left behind is shown, and runs nothing
ARTIFACT_POLICY = "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'"


def plain(start_response: Callable[..., Any], status: str, text: str, headers: Headers | None = None) -> list[bytes]:
    """One line of text as an answer."""
    body = f"{text}\n".encode()
    own = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
    start_response(status, [*own, *(headers or [])])
    return [body]


def with_safe_headers(application: Application) -> Application:
    """Puts headers on every answer that keep browsers from running, guessing, framing or telling anything."""

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
    """The body of an error of Bottle's: its status, and nothing of what was asked."""
    answer.content_type = "text/plain; charset=utf-8"
    return f"{answer.status_line}\n"


SHOWN = re.compile(r"(image/(?!svg)[\w.+-]+|(video|audio)/[\w.+-]+|text/(csv|plain)|application/json)")
OTHER = "application/octet-stream"
NAME = "<artifact_id:re:[0-9a-fA-F-]{1,64}>"


def artifact_pages(storage: Storage, folder: Path) -> Any:
    """The pages under /artifacts/: of a study, and of a trial."""
    app = Bottle()
    app.default_error_handler = status_line

    def of_study(study_id: int, artifact_id: str) -> Any:
        return _send(find_artifact(storage, study_id, None, artifact_id), folder)

    def of_trial(study_id: int, trial_id: int, artifact_id: str) -> Any:
        return _send(find_artifact(storage, study_id, trial_id, artifact_id), folder)

    app.get(f"/artifacts/<study_id:int>/{NAME}", callback=of_study)
    app.get(f"/artifacts/<study_id:int>/<trial_id:int>/{NAME}", callback=of_trial)
    return app


def _send(artifact: Artifact | None, folder: Path) -> Any:
    if artifact is None:
        return HTTPError(404)
    path, ranges = folder / artifact.id, request.get_header("Range")
    if ranges and path.is_file() and not list(parse_range_header(ranges, path.stat().st_size)):
        return HTTPError(416)  # which `static_file` would answer with the file left open
    shown = SHOWN.fullmatch(artifact.mimetype) is not None
    name = re.sub(r"[^A-Za-z0-9_. -]", "_", artifact.filename) or "artifact"
    return static_file(
        artifact.id, str(folder), mimetype=artifact.mimetype if shown else OTHER, download=False if shown else name
    )
