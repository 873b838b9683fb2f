"""Artifacts: range requests, shown or downloaded, never executed, never from outside the folder."""

import json
from pathlib import Path

import pytest
from asking import ask
from dashboard_parts import FILES, Shown
from driving import put_odd
from optuna_dashboard import wsgi

from tuner.dashboard.answers import PAGE_POLICY
from tuner.study.storage import open_to_read, parse_url


@pytest.mark.parametrize(
    ("asked", "place", "part"),
    [
        ("bytes=0-9", "bytes 0-9/1024", slice(0, 10)),
        ("bytes=1000-", "bytes 1000-1023/1024", slice(1000, None)),
        ("bytes=-4", "bytes 1020-1023/1024", slice(-4, None)),
        ("bytes=10-5000", "bytes 10-1023/1024", slice(10, None)),
    ],
    ids=["from the start", "to the end", "the last", "beyond the end"],
)
def test_a_video_is_sent_by_ranges(shown: Shown, asked: str, place: str, part: slice) -> None:
    answer = ask(shown.make(), shown.artifacts["video.mp4"], HTTP_RANGE=asked)
    assert (answer.status, answer.headers["content-range"]) == (206, place)
    assert answer.body == FILES["video.mp4"][part]


def test_a_range_that_is_not_there_is_refused(shown: Shown) -> None:
    assert ask(shown.make(), shown.artifacts["video.mp4"], HTTP_RANGE="bytes=5000-").status == 416


def test_a_whole_video_is_shown_in_the_page(shown: Shown) -> None:
    answer = ask(shown.make(), shown.artifacts["video.mp4"])
    assert (answer.status, answer.body) == (200, FILES["video.mp4"])
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["accept-ranges"] == "bytes"
    assert "content-disposition" not in answer.headers
    head = ask(shown.make(), shown.artifacts["video.mp4"], "HEAD")
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", "1024")


@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "nothing"])
def test_no_link_is_followed_and_no_pipe_waited_for(shown: Shown, tmp_path: Path, kind: str) -> None:
    file = shown.folder / shown.artifacts["video.mp4"].rpartition("/")[2]
    file.unlink()
    (tmp_path / "secret").write_text("secret")
    put_odd(kind, file, tmp_path / "secret")
    for headers in ({}, {"HTTP_RANGE": "bytes=0-3"}):
        answer = ask(shown.make(), shown.artifacts["video.mp4"], **headers)
        assert (answer.status, answer.body) == (404, b"404 Not Found\n")


@pytest.mark.parametrize("name", ["page.html", "drawing.svg", 'odd "name"\n.html'])
def test_what_could_run_is_saved_not_shown(shown: Shown, name: str) -> None:
    answer = ask(shown.make(), shown.artifacts[name])
    assert answer.body == FILES[name]
    assert answer.headers["content-type"] == "application/octet-stream"
    wanted = {'odd "name"\n.html': "odd _name__.html"}.get(name, name)
    assert answer.headers["content-disposition"] == f'attachment; filename="{wanted}"'
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")


def test_every_answer_carries_safe_headers(shown: Shown) -> None:
    application = shown.make()
    token = shown.make(token="a-token-of-sixteen-and-more")  # noqa: S106 - of a test
    answers = [ask(application, path) for path in ("/dashboard", "/api/studies", "/nothing", "/healthz", "/")]
    answers += [ask(application, "/dashboard", "POST"), ask(token, "/dashboard"), ask(application, "/artifacts/1/9")]
    answers += [ask(application, shown.artifacts["table.csv"])]
    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "access-control-allow-origin" not in answer.headers


def test_the_pages_policy_is_no_wider_than_the_dashboards_own(shown: Shown) -> None:
    bare = ask(wsgi(open_to_read(parse_url("sqlite:///studies/tuner.db"))), "/dashboard")
    scripts = next(part for part in bare.headers["content-security-policy"].split(";") if "script-src" in part)
    assert scripts.strip() in PAGE_POLICY


OUTSIDE = [
    "/artifacts/1/..%2f..%2ftuner.db",
    "/artifacts/1/../../studies/tuner.db",
    "/artifacts/1/1/..",
    "/artifacts/1/ab\x00cd",
    "/artifacts//etc/passwd",
    "/artifacts/1/deadbeef",
    "/artifacts/999/deadbeef",
    "/artifacts/1/999/deadbeef",
    f"/artifacts/{9**30}/deadbeef",
    "/static/../index.html",
    "/static/../../../../../../../../etc/passwd",
    "/static//etc/passwd",
    "/static/\x00",
]


@pytest.mark.parametrize("path", OUTSIDE, ids=range(len(OUTSIDE)))
def test_no_path_leads_out_of_its_folder(shown: Shown, path: str) -> None:
    answer = ask(shown.make(), path)
    assert answer.status in (403, 404)
    assert len(answer.body) < 100
    assert answer.errors == ""


def test_an_artifact_whose_record_names_a_file_elsewhere_is_not_sent(shown: Shown) -> None:
    from optuna.storages import RDBStorage

    storage = RDBStorage("sqlite:///studies/tuner.db")
    for artifact, stored in (("abc", "../tuner.db"), ("../tuner.db", "../tuner.db")):
        meta = {"artifact_id": stored, "filename": "x.txt", "mimetype": "text/plain", "encoding": None}
        storage.set_study_system_attr(shown.study, f"artifacts:{artifact}", json.dumps(meta))
    storage.engine.dispose()
    application = shown.make()
    for asked in ("abc", "../tuner.db", "..%2Ftuner.db"):
        assert ask(application, f"/artifacts/{shown.study}/{asked}").status == 404
