"""The dashboard: shows the study, on loopback, and lets nobody change anything."""

import http.client
import json
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Tuner

from tuner.dashboard.server import make_server
from tuner.study.storage import parse_url


@pytest.fixture
def port(finished: Path) -> Iterator[int]:
    """The port of a dashboard that serves the toy study."""
    server = make_server(parse_url("sqlite:///studies/tuner.db"), 0)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield server.effective_port
    server.close()
    thread.join(5)


def ask(port: int, method: str, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(method, path, body=b"{}", headers={"Content-Type": "application/json"})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, body


def test_it_shows_the_study(port: int) -> None:
    status, body = ask(port, "GET", "/api/studies")
    assert status == 200
    assert [study["study_name"] for study in json.loads(body)["study_summaries"]] == ["toy"]
    assert ask(port, "GET", "/dashboard/")[0] == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_every_way_to_change_something_is_refused(port: int, method: str, tmp_path: Path) -> None:
    for path in ("/api/studies/1", "/api/studies", "/api/artifacts/1/2/3", "/dashboard/"):
        status, body = ask(port, method, path)
        assert status == 403
        assert b"read-only" in body
    with sqlite3.connect(tmp_path / "studies" / "tuner.db") as database:
        assert database.execute("SELECT count(*) FROM trials").fetchone() == (4,)
    database.close()


def test_a_taken_port_is_named(port: int, tuner: Tuner) -> None:
    said = tuner(f"dashboard --port {port}")
    assert said.code == 2
    assert f"--port {port}: Address already in use" in said.err
