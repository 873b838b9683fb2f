"""Access to the dashboard: host, token, methods, origin."""

import json
import re
import sqlite3
from pathlib import Path

import pytest
from asking import ask
from dashboard_parts import Shown

from tuner.dashboard.access import Access

TOKEN = "a-token-of-sixteen-and-more"  # noqa: S105 - of a test
WRITING = ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "get", "")


def filled(rule: str) -> str:
    """A route's rule with a value in every place."""
    return re.sub(r"<(\w+)(:[^>]*)?>", lambda found: "ab-1" if "artifact" in found[1] else "1", rule)


def rows(folder: Path) -> list[tuple[int]]:
    tables = ("studies", "trials", "study_user_attributes", "study_system_attributes", "trial_user_attributes")
    database = sqlite3.connect(folder / "studies" / "tuner.db")
    try:
        return [database.execute(f"SELECT count(*) FROM {table}").fetchone() for table in tables]  # noqa: S608
    finally:
        database.close()


def test_no_route_of_the_dashboard_takes_a_change(shown: Shown, tmp_path: Path) -> None:
    writing = [(method, rule) for method, rule in shown.routes if method not in ("GET", "HEAD")]
    assert len(writing) > 10
    application = shown.make()
    before = rows(tmp_path), sorted(shown.folder.iterdir())
    for method, rule in writing:
        answer = ask(application, filled(rule), method)
        assert (answer.status, answer.body) == (403, b"This dashboard is read-only.\n"), rule
    assert (rows(tmp_path), sorted(shown.folder.iterdir())) == before


def test_no_route_takes_any_method_but_reading(shown: Shown) -> None:
    application = shown.make()
    for rule in {rule for _, rule in shown.routes} | {"/healthz", "/artifacts/1/ab"}:
        assert {ask(application, filled(rule), method).status for method in WRITING} == {403}


def test_the_database_itself_refuses_a_change_from_within(shown: Shown) -> None:
    """Without the guard, the connection is still read-only."""
    from optuna_dashboard import wsgi

    from tuner.study.storage import open_to_read, parse_url

    bare = wsgi(open_to_read(parse_url("sqlite:///studies/tuner.db")))
    bare.catchall = True
    answer = ask(bare, f"/api/studies/{shown.study}", "DELETE")
    assert answer.status == 500
    assert ask(bare, "/api/studies").status == 200
    assert json.loads(ask(bare, "/api/studies").body)["study_summaries"]


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost", "LOCALHOST:1", "[::1]:8080"])
def test_names_of_this_machine_are_answered(shown: Shown, host: str) -> None:
    assert ask(shown.make(), "/api/studies", HTTP_HOST=host).status == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "", "localhost@evil"])
def test_a_foreign_name_that_leads_here_is_refused(shown: Shown, host: str) -> None:
    for path in ("/api/studies", "/healthz", "/dashboard"):
        answer = ask(shown.make(), path, HTTP_HOST=host)
        assert answer.status == 403
        assert b"localhost" in answer.body


@pytest.mark.parametrize("path", ["/dashboard", "/api/studies", "/artifacts/1/ab", "/static/bundle.js", "/nothing"])
def test_without_the_token_only_health_is_answered(shown: Shown, path: str) -> None:
    application = shown.make(token=TOKEN)
    answer = ask(application, path, HTTP_HOST="robot.example")
    assert answer.status == 401
    assert b"toy" not in answer.body
    assert ask(application, "/healthz", HTTP_HOST="robot.example").status == 200


WRONG = {
    "another": "?token=another-token-of-enough-characters",
    "empty": "?token=",
    "a part": f"?token={TOKEN[:-1]}",
    "not ASCII": "?token=%E2%9C%93%FF",
}


@pytest.mark.parametrize("query", WRONG.values(), ids=WRONG)
def test_a_wrong_token_gets_no_cookie(shown: Shown, query: str) -> None:
    answer = ask(shown.make(token=TOKEN), f"/dashboard{query}")
    assert answer.status == 401
    assert "set-cookie" not in answer.headers


def test_the_token_once_then_a_cookie_that_does_not_reveal_it(shown: Shown) -> None:
    application = shown.make(token=TOKEN)
    first = ask(application, f"/dashboard/studies/1?tab=x%20y&token={TOKEN}")
    assert (first.status, first.headers["location"]) == (303, "/dashboard/studies/1?tab=x+y")
    cookie = first.headers["set-cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=Strict", "Path=/"))
    assert TOKEN not in cookie
    sent = cookie.partition(";")[0]
    assert ask(application, "/api/studies", HTTP_COOKIE=f"other=1; {sent}").status == 200
    assert ask(shown.make(token=TOKEN + "x"), "/api/studies", HTTP_COOKIE=sent).status == 401
    assert ask(application, "/api/studies", HTTP_COOKIE=f"{sent}0").status == 401


def test_behind_a_proxy_with_tls_the_cookie_is_sent_over_tls_alone(shown: Shown) -> None:
    for sent, secure in (({"HTTP_X_SCHEME": "https"}, True), ({"HTTP_X_SCHEME": "http"}, False), ({}, False)):
        answer = ask(shown.make(token=TOKEN), f"/dashboard?token={TOKEN}", **sent)
        assert ("; Secure" in answer.headers["set-cookie"]) is secure


def test_a_script_sends_the_token_in_a_header(shown: Shown) -> None:
    application = shown.make(token=TOKEN)
    assert ask(application, "/api/studies", HTTP_AUTHORIZATION=f"Bearer {TOKEN}").status == 200
    assert ask(application, "/api/studies", HTTP_AUTHORIZATION="Bearer x").status == 401


def test_the_login_redirects_to_no_other_host(shown: Shown) -> None:
    answer = ask(shown.make(token=TOKEN), f"//evil.example/\r\nX: y?token={TOKEN}")
    assert answer.headers["location"] == "/evil.example/%0D%0AX%3A%20y"


def test_a_writable_dashboard_takes_changes_from_its_own_page(shown: Shown, tmp_path: Path) -> None:
    own = {"HTTP_ORIGIN": "http://127.0.0.1:8080", "HTTP_SEC_FETCH_SITE": "same-origin"}
    answer = ask(shown.make(writable=True), f"/api/studies/{shown.study}", "DELETE", **own)
    assert answer.status == 204
    assert rows(tmp_path)[0] == (0,)


def test_a_writable_dashboard_takes_names_notes_and_deletions_alone(shown: Shown, tmp_path: Path) -> None:
    """No upload, trial or value: models of pages would be loaded, and scores of pages believed."""
    taken = {
        "POST /api/studies/1/rename",
        "PUT /api/studies/1/note",
        "PUT /api/studies/1/1/note",
        "DELETE /api/studies/1",
        "DELETE /api/artifacts/1/ab-1",
        "DELETE /api/artifacts/1/1/ab-1",
    }
    writing = {(method, filled(rule)) for method, rule in shown.routes if method not in ("GET", "HEAD")}
    assert taken <= {f"{method} {path}" for method, path in writing}
    application = shown.make(writable=True)
    before = rows(tmp_path), sorted(shown.folder.iterdir())
    for method, path in sorted(writing):
        if f"{method} {path}" not in taken:
            answer = ask(application, path, method)
            assert (answer.status, answer.body) == (
                403,
                b"This dashboard takes names, notes and deletions alone.\n",
            ), path
    assert (rows(tmp_path), sorted(shown.folder.iterdir())) == before


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
@pytest.mark.parametrize(
    "path",
    ["/api/studies/1/note/", "//api/studies/1", "/api/artifacts/1/2/3/4", "/api/studies/1/../2", "/API/studies/1"],
)
def test_no_odd_way_to_write_a_path_leads_to_more(shown: Shown, method: str, path: str) -> None:
    assert ask(shown.make(writable=True), path, method).status == 403


FOREIGN = {
    "another origin": {"HTTP_ORIGIN": "http://evil.example"},
    "another port": {"HTTP_ORIGIN": "http://127.0.0.1:9999"},
    "no origin to tell": {"HTTP_ORIGIN": "null"},
    "no URL": {"HTTP_ORIGIN": "http://[evil"},
    "cross-site": {"HTTP_SEC_FETCH_SITE": "cross-site"},
    "another port of this machine": {"HTTP_SEC_FETCH_SITE": "same-site", "HTTP_ORIGIN": "http://127.0.0.1:8080"},
    "a foreign name": {"HTTP_HOST": "evil.example", "HTTP_ORIGIN": "http://evil.example"},
}


@pytest.mark.parametrize("headers", FOREIGN.values(), ids=FOREIGN)
def test_a_writable_dashboard_takes_nothing_from_other_pages(
    shown: Shown, tmp_path: Path, headers: dict[str, str]
) -> None:
    answer = ask(shown.make(writable=True), f"/api/studies/{shown.study}", "DELETE", **headers)
    assert answer.status == 403
    assert rows(tmp_path)[0] == (1,)


def test_writing_wants_the_token_as_well(shown: Shown, tmp_path: Path) -> None:
    application = shown.make(writable=True, token=TOKEN)
    assert ask(application, f"/api/studies/{shown.study}", "DELETE").status == 401
    assert ask(application, f"/api/studies/{shown.study}?token={TOKEN}", "DELETE").status == 401
    assert rows(tmp_path)[0] == (1,)


def test_a_token_is_in_no_representation() -> None:
    assert TOKEN not in repr(Access(token=TOKEN))
