"""What is added to optuna-dashboard's data and pages, and where nothing is."""

import json
from typing import Any

import pytest
from asking import ask
from dashboard_parts import Shown

from tuner.dashboard.story import Untold, telling_pages
from tuner.errors import StorageFailed

REFUSED, NOT_HERE = (f'[data-testid="{name}Icon"]'.encode() for name in ("AddBox", "Edit"))


def test_read_only_pages_hide_what_they_would_refuse(shown: Shown) -> None:
    for path in ("/dashboard", "/dashboard/", "/dashboard/studies/1"):
        page = ask(shown.make(), path)
        assert REFUSED in page.body
        assert NOT_HERE in page.body
        assert page.headers["content-length"] == str(len(page.body))
        assert b'<script defer src="/tuner/page.js"></script></head>' in page.body
    writable = ask(shown.make(writable=True), "/dashboard").body
    assert REFUSED in writable
    assert NOT_HERE not in writable


def test_the_script_is_sent_behind_the_token(shown: Shown) -> None:
    script = ask(shown.make(), "/tuner/page.js")
    assert (script.status, script.headers["content-type"].partition(";")[0]) == (200, "text/javascript")
    assert ask(shown.make(token="a-token-of-sixteen-and-more"), "/tuner/page.js").status == 401  # noqa: S106 - a test's


class Broken(Untold):
    """Cannot read its study."""

    def detail(self, study_id: int, data: dict[str, Any]) -> None:
        data["note"] = None
        raise StorageFailed(f"study {study_id}")


def test_a_study_that_cannot_be_read_is_shown_without_a_story() -> None:
    body = json.dumps({"note": {"version": 0, "body": ""}}).encode()

    def pages(_: Any, start: Any) -> list[bytes]:
        start("200 OK", [("Content-Type", "application/json")])
        return [body]

    assert ask(telling_pages(pages, Broken(), ""), "/api/studies/1").body == body


@pytest.mark.parametrize("path", ["/api/studies/1/param_importances", "/api/meta", "/static/bundle.js"])
def test_all_else_stays_as_it_was(path: str) -> None:
    def pages(_: Any, start: Any) -> list[bytes]:
        start("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "7")])
        return [b"</head>"]

    answer = ask(telling_pages(pages, Untold(), "head"), path)
    assert (answer.body, answer.headers["content-length"]) == (b"</head>", "7")
