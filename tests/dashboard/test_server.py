"""The dashboard as the command starts it: on loopback, read-only."""

import http.client
import json
import sqlite3
from pathlib import Path

import pytest
from conftest import Tuner


def ask(address: str, method: str, path: str, **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=30)
    connection.request(method, path, body=b"{}", headers={"Content-Type": "application/json", **headers})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, body


def test_it_shows_the_study(dashboard: str) -> None:
    status, body = ask(dashboard, "GET", "/api/studies")
    assert status == 200
    assert [study["study_name"] for study in json.loads(body)["study_summaries"]] == ["toy"]
    assert ask(dashboard, "GET", "/dashboard/")[0] == 200
    status, body = ask(dashboard, "GET", "/healthz")
    assert (status, json.loads(body)["ok"]) == (200, True)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_every_way_to_change_something_is_refused(dashboard: str, method: str, tmp_path: Path) -> None:
    for path in ("/api/studies/1", "/api/studies", "/api/artifacts/1/2/3", "/dashboard/"):
        status, body = ask(dashboard, method, path)
        assert status == 403
        assert b"read-only" in body
    with sqlite3.connect(tmp_path / "studies" / "tuner.db") as database:
        assert database.execute("SELECT count(*) FROM trials").fetchone() == (4,)
    database.close()


def test_a_taken_port_is_named(dashboard: str, tuner: Tuner) -> None:
    port = dashboard.rpartition(":")[2]
    said = tuner(f"dashboard --port {port}")
    assert said.code == 2
    assert f"--port {port}: Address already in use" in said.err


def test_a_foreign_name_is_refused(dashboard: str) -> None:
    assert ask(dashboard, "GET", "/api/studies", Host="evil.example")[0] == 403
