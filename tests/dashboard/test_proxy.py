"""The file in the documentation that sets up TLS before the dashboard, in nginx itself."""

import contextlib
import http.client
import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import ROOT, dashboard_over
from driving import wait_for

FILE = ROOT / "docs" / "howto" / "nginx.conf"
TOKEN = "a-token-of-sixteen-and-more"  # noqa: S105 - of a test
PROGRAMS = ("nginx", "openssl")

pytestmark = pytest.mark.slow


@dataclass(frozen=True, kw_only=True)
class Proxy:
    """A running proxy."""

    secure: int  # port
    plain: int

    def ask(self, path: str, method: str = "GET", **headers: str) -> tuple[int, http.client.HTTPMessage, bytes]:
        """A response over TLS: status, headers, body."""
        trusting = ssl._create_unverified_context()  # noqa: S323 - the test made the certificate itself
        client = http.client.HTTPSConnection("127.0.0.1", self.secure, timeout=30, context=trusting)
        return answer(client, path, method, headers)


def answer(
    client: http.client.HTTPConnection, path: str, method: str, headers: dict[str, str]
) -> tuple[int, http.client.HTTPMessage, bytes]:
    with contextlib.closing(client):
        client.request(method, path, headers=headers)
        with client.getresponse() as response:
            return response.status, response.headers, response.read()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def settings(folder: Path, secure: int, plain: int, served: str) -> str:
    """nginx's own file around that of the documentation, with ports and paths of the test."""
    text = FILE.read_text()
    for old, new in (
        ("listen 443 ssl", f"listen 127.0.0.1:{secure} ssl"),
        ("listen 80", f"listen 127.0.0.1:{plain}"),
        ("127.0.0.1:8080;", f"{served};"),
        ("/etc/ssl/certs/tuner.pem", f"{folder}/tuner.pem"),
        ("/etc/ssl/private/tuner.key", f"{folder}/tuner.key"),
    ):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    places = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return (
        f"daemon off; pid {folder}/pid; error_log {folder}/errors; worker_processes 1;\nevents {{}}\n"
        f"http {{ access_log off;\n{places}{text}}}\n"
    )


@pytest.fixture
def proxy(finished: Path, tmp_path: Path) -> Iterator[Proxy]:
    """nginx before a dashboard with a token."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing and "proxy" not in os.environ.get("TUNER_REQUIRE", ""):
        pytest.skip(f"no {' and no '.join(missing)} here (apt-get install {' '.join(missing)})")
    assert not missing, f"TUNER_REQUIRE asks for it: no {' and no '.join(missing)} here"
    (tmp_path / "token").write_text(TOKEN)
    make = "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=tuner.example -keyout tuner.key -out tuner.pem"
    subprocess.run(make.split(), check=True, capture_output=True)
    with dashboard_over(tmp_path, "--token-file", str(tmp_path / "token")) as served:
        found = Proxy(secure=free_port(), plain=free_port())
        (tmp_path / "nginx.conf").write_text(
            settings(tmp_path, found.secure, found.plain, served.removeprefix("http://"))
        )
        process = subprocess.Popen(
            [str(shutil.which("nginx")), "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")]
        )
        try:
            assert wait_for(lambda: answers(found))
            yield found
        finally:
            process.terminate()
            process.wait(timeout=30)


def answers(proxy: Proxy) -> bool:
    with contextlib.suppress(OSError):
        return proxy.ask("/healthz")[0] == 200
    return False


def test_pages_come_over_tls_to_those_with_the_token(proxy: Proxy) -> None:
    assert proxy.ask("/dashboard/")[0] == 401
    status, headers, _ = proxy.ask(f"/dashboard/?token={TOKEN}")
    assert status == 303
    assert "; Secure" in headers["Set-Cookie"]
    status, headers, body = proxy.ask("/api/studies", Cookie=headers["Set-Cookie"].partition(";")[0])
    assert status == 200
    assert b"toy" in body
    assert "Strict-Transport-Security" in headers


def test_plain_http_leads_to_tls(proxy: Proxy) -> None:
    client = http.client.HTTPConnection("127.0.0.1", proxy.plain, timeout=30)
    status, headers, _ = answer(client, "/dashboard/", "GET", {"Host": "tuner.example"})
    assert (status, headers["Location"]) == (301, "https://tuner.example/dashboard/")


def test_a_large_body_does_not_reach_the_dashboard(proxy: Proxy) -> None:
    assert proxy.ask("/api/studies", "POST", **{"Content-Length": "80000000"})[0] == 413


def test_the_page_shows_this_file() -> None:
    page = (ROOT / "docs" / "howto" / "dashboard.md").read_text()
    assert "](nginx.conf)" in page
