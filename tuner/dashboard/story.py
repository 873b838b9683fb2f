"""What tuner tells of a study, put into the data and the pages of optuna-dashboard while they are sent."""

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol

from tuner.dashboard.answers import Application, Headers
from tuner.errors import TunerError
from tuner.record_type import Record

STUDIES = "/api/studies"
DETAIL = re.compile(r"/api/studies/\d+")
PAGES = "/dashboard"

Data = dict[str, Any]
Change = Callable[[bytes], bytes]


class StoryFile(Record):
    """A file that is made when it is asked for."""

    path: Path | None  # None while it is being made, and where there is none
    mimetype: str
    pending: bool = False  # whether it is being made


class Story(Protocol):
    """Tells of the studies of a database."""

    def summary(self, data: Data) -> None:
        """Adds to what the list of studies shows of one."""

    def detail(self, study_id: int, data: Data) -> None:
        """Adds to what the pages of a study show."""

    def file(self, study_id: int, trial_id: int, artifact_id: str) -> StoryFile | None:
        """A file of a trial that is no stored artifact; None if there is none of that id."""


class Untold:
    """Tells nothing: the pages are optuna-dashboard's own."""

    def summary(self, data: Data) -> None:
        """Adds nothing."""

    def detail(self, study_id: int, data: Data) -> None:
        """Adds nothing."""

    def file(self, study_id: int, trial_id: int, artifact_id: str) -> StoryFile | None:  # noqa: ARG002
        """Has none."""
        return None


def telling_pages(application: Application, story: Story, head: str) -> Application:
    """The dashboard with what the story adds to its data, and with `head` at the end of its pages' heads."""

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "").rstrip("/")
        if environ["REQUEST_METHOD"] != "GET":
            return application(environ, start)
        if path == STUDIES:
            return _changed(application, environ, start, lambda body: _json(body, lambda data: _studies(story, data)))
        if DETAIL.fullmatch(path):
            number = int(path.rpartition("/")[2])
            return _changed(
                application, environ, start, lambda body: _json(body, lambda data: story.detail(number, data))
            )
        if path == PAGES or path.startswith(f"{PAGES}/"):
            end = b"</head>"
            return _changed(application, environ, start, lambda body: body.replace(end, head.encode() + end, 1))
        return application(environ, start)

    return answer


def _studies(story: Story, data: Data) -> None:
    for one in data["study_summaries"]:
        story.summary(one)


def _json(body: bytes, add: Callable[[Data], None]) -> bytes:
    """Changed data; as it was where the study cannot be read."""
    data = json.loads(body)
    try:
        add(data)
    except TunerError:
        return body
    return json.dumps(data).encode()


def _changed(
    application: Application, environ: dict[str, Any], start: Callable[..., Any], change: Change
) -> Iterable[bytes]:
    """The application's response with a changed body, if it is one with status 200."""
    told: list[Any] = []

    def begin(status: str, headers: Headers, *more: Any) -> None:
        told[:] = [status, headers, more]

    parts = application({**environ, "HTTP_RANGE": "", "HTTP_IF_MODIFIED_SINCE": ""}, begin)
    try:
        body = b"".join(parts)
    finally:
        if hasattr(parts, "close"):
            parts.close()
    status, headers, more = told
    if status.startswith("200"):
        body = change(body)
        gone = ("content-length", "last-modified", "etag", "accept-ranges")
        kept = [(name, value) for name, value in headers if name.lower() not in gone]
        headers = [*kept, ("Content-Length", str(len(body))), ("Cache-Control", "no-store")]
    start(status, headers, *more)
    return [body]
