"""The dashboard cannot be filled or silenced by who connects: bodies, silent and dripping connections, many of them."""

import contextlib
import http.client
import selectors
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tuner.dashboard import connections
from tuner.dashboard.access import listen
from tuner.dashboard.connections import NO_BODY, NOTE, TimedChannel, bounded_server

MEGABYTE = 1_000_000


class Served:
    """A server that counts the requests which reach its application."""

    def __init__(self, *, writable: bool = False) -> None:
        self.asked: list[int] = []  # bytes of the bodies
        self._listener = listen("127.0.0.1", 0)
        self.address: tuple[str, int] = self._listener.getsockname()
        self.server = bounded_server(self._answer, self._listener, writable=writable)
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        with contextlib.suppress(OSError):  # closed under it
            self.server.run()

    def _answer(self, environ: dict[str, Any], start: Any) -> list[bytes]:
        self.asked.append(len(environ["wsgi.input"].read()))
        start("200 OK", [("Content-Length", "2")])
        return [b"ok"]

    def close(self) -> None:
        self.server.close()


@pytest.fixture(params=[False, True], ids=["read-only", "writable"])
def served(request: pytest.FixtureRequest) -> Iterator[Served]:
    made = Served(writable=request.param)
    yield made
    made.close()


def sent(address: tuple[str, int], head: str, size: int) -> tuple[bytes, int]:
    """What is answered to a request with a body of zeros, and how much of it could be sent."""
    with socket.create_connection(address, timeout=30) as client:
        client.sendall(f"POST /api/artifacts/1 HTTP/1.1\r\nHost: localhost\r\n{head}\r\n\r\n".encode())
        done = 0
        try:
            while done < size:
                done += client.send(bytes(min(65536, size - done)))
            return client.recv(4096), done
        except OSError:
            return b"", done


@pytest.mark.parametrize("head", [f"Content-Length: {80 * MEGABYTE}", "Transfer-Encoding: chunked"])
def test_a_body_of_80_megabytes_is_refused_before_it_is_read(served: Served, head: str) -> None:
    answer, done = sent(served.address, head, 80 * MEGABYTE)
    assert done < 80 * MEGABYTE or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4"))
    assert done < 20 * MEGABYTE  # what both ends' systems take into their buffers
    assert served.asked == []


def test_the_bounds_are_those_of_reading_and_of_notes() -> None:
    for writable, bound in ((False, NO_BODY), (True, NOTE)):
        served = Served(writable=writable)
        for size, is_read in ((bound - 1, True), (bound, False)):
            served.asked.clear()
            sent(served.address, f"Content-Length: {size}", size)
            assert served.asked == ([size] if is_read else [])
        served.close()


def test_a_silent_and_a_dripping_connection_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "IDLE", 1)
    monkeypatch.setattr(connections, "LOOK", 0)
    monkeypatch.setattr(connections, "ARRIVAL", 1.0)
    served = Served()
    with socket.create_connection(served.address) as silent, socket.create_connection(served.address) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nX: ")
        begun = time.monotonic()
        for client in (silent, slow):
            client.setblocking(False)
        closed: set[str] = set()
        while len(closed) < 2 and time.monotonic() < begun + 30:
            for name, client in (("silent", silent), ("slow", slow)):
                if name not in closed and _closed(client, drip=name == "slow"):
                    closed.add(name)
            time.sleep(0.1)
    served.close()
    assert closed == {"silent", "slow"}
    assert time.monotonic() - begun >= 1.0


def _closed(client: socket.socket, *, drip: bool) -> bool:
    try:
        if drip:
            client.send(b"x")
        return client.recv(4096) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def test_a_request_that_arrives_in_time_is_answered_on_a_kept_connection() -> None:
    served = Served()
    client = http.client.HTTPConnection(*served.address, timeout=30)
    for _ in range(3):
        client.request("GET", "/")
        assert client.getresponse().read() == b"ok"
    client.close()
    served.close()
    assert served.server.channel_class is TimedChannel


@pytest.mark.slow
def test_pages_are_answered_beside_500_silent_and_200_dripping_connections(dashboard: str) -> None:
    host, _, port = dashboard.removeprefix("http://").partition(":")
    address = (host, int(port))
    clients = [socket.create_connection(address, timeout=30) for _ in range(700)]
    dripping = selectors.DefaultSelector()
    for client in clients[500:]:
        client.sendall(b"GET /dashboard HTTP/1.1\r\nHost: localhost\r\nX: ")
        client.setblocking(False)
        dripping.register(client, selectors.EVENT_WRITE)
    try:
        for path in ("/healthz", "/dashboard/", "/api/studies") * 2:
            for key, _ in dripping.select(0):
                with contextlib.suppress(OSError):
                    key.fileobj.send(b"x")  # type: ignore[union-attr]
            begun = time.monotonic()
            asked = http.client.HTTPConnection(*address, timeout=30)
            asked.request("GET", path)
            response = asked.getresponse()
            assert response.status == 200
            assert response.read()
            asked.close()
            assert time.monotonic() - begun < 10
    finally:
        for client in clients:
            client.close()
