"""The dashboard beside a run: there before the database is, and gone with the process that serves it."""

import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from driving import children, wait_for
from sqlalchemy.engine import URL
from use_cases import Told

from tuner.app.dashboard_beside import dashboard_beside
from tuner.app.events import DashboardBegan, DashboardFailed
from tuner.study.storage import open_to_write

PROGRAM = """
import sys, time
from tuner.app.dashboard_beside import dashboard_beside
from tuner.app.notify import SilentNotifier
class Said(SilentNotifier):
    def notify(self, event):
        print(event.address, flush=True)
with dashboard_beside(0, None, Said()):
    time.sleep(600)
"""


def ask(address: str, method: str = "GET") -> http.client.HTTPResponse | None:
    """The response of the list of studies; None where nobody serves any more."""
    place = urlsplit(address)
    connection = http.client.HTTPConnection(str(place.hostname), place.port, timeout=60)
    try:
        connection.request(method, "/api/studies")
        response = connection.getresponse()
        response.read()
    except ConnectionError:
        return None
    finally:
        connection.close()
    return response


def is_gone(address: str) -> Callable[[], bool]:
    return lambda: ask(address) is None


def test_it_waits_for_the_database_and_shows_it_read_only(told: Told, database: URL) -> None:
    text = database.render_as_string(hide_password=False)
    with dashboard_beside(0, text, told):
        address = told.of(DashboardBegan)[0].address
        early = ask(address)
        assert early is not None
        assert (early.status, early.getheader("Refresh")) == (503, "2")
        open_to_write(database)
        there, changed = ask(address), ask(address, "DELETE")
        assert there is not None
        assert changed is not None
        assert (there.status, changed.status) == (200, 403)
    assert is_gone(address)()
    assert not told.of(DashboardFailed)


def test_a_taken_port_costs_the_dashboard_alone(told: Told) -> None:
    ran = False
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with dashboard_beside(port, None, told):
            ran = True
    assert ran
    assert [one.reason for one in told.of(DashboardFailed)] == [
        f"--dashboard-port {port}: Address already in use (give another port, or 0 for a free one)"
    ]


def test_its_death_is_told_and_the_run_goes_on(told: Told) -> None:
    with dashboard_beside(0, None, told):
        assert wait_for(lambda: bool(children("tuner-dashboard", recursive=True)))
        for child in children("tuner-dashboard", recursive=True):
            child.kill()
            assert wait_for(lambda: not child.is_running())  # noqa: B023 - called at once
    assert [one.reason for one in told.of(DashboardFailed)] == ["its process died (signal 9)"]


def test_none_is_served_where_none_is_asked_for(told: Told) -> None:
    with dashboard_beside(None, None, told):
        assert not told.events


def test_it_ends_with_a_run_that_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        address = run.stdout.readline().strip()
        assert ask(address) is not None
        os.kill(run.pid, signal.SIGKILL)
        assert wait_for(is_gone(address))
