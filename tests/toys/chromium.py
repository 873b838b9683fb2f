"""A headless Chromium without a network, controlled over a pipe by the DevTools protocol."""

import base64
import json
import os
import select
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --remote-debugging-pipe"
)
LAUNCH = """
import os, sys
for place, end in zip((3, 4), sys.argv[1:3]):
    os.dup2(int(end), place)
os.execv(sys.argv[3], sys.argv[3:])
"""
TIMEOUT = 60.0  # s
COMPLAINTS = ("Runtime.exceptionThrown", "Log.entryAdded")


class Page:
    """One page in a browser of its own."""

    def __init__(self, program: str, profile: Path, *, offline: bool = True) -> None:
        reads, self._write = os.pipe()
        self._read, writes = os.pipe()
        places = [str(os.dup(end)) for end in (reads, writes)]
        command = [sys.executable, "-c", LAUNCH, *places, program, *FLAGS.split(), f"--user-data-dir={profile}"]
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(command, pass_fds=[int(place) for place in places], stdout=quiet, stderr=quiet)
        for end in (reads, writes, *map(int, places)):
            os.close(end)
        self._buffer, self._count, self._session = b"", 0, ""
        self.events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call(
            "Network.emulateNetworkConditions", offline=offline, latency=0, downloadThroughput=-1, uploadThroughput=-1
        )

    def __enter__(self) -> "Page":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._read)
        os.close(self._write)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Calls a method; events in the meantime are kept in `events`."""
        self._count += 1
        message = {"id": self._count, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != self._count:
            self.events.append(answer)
        assert "error" not in answer, answer
        result: dict[str, Any] = answer["result"]
        return result

    def _next(self) -> dict[str, Any]:
        deadline = time.monotonic() + TIMEOUT
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._read], [], [], max(deadline - time.monotonic(), 0))
            assert ready, "the browser does not answer"
            read = os.read(self._read, 1 << 20)
            assert read, "the browser is gone"
            self._buffer += read
        message, _, self._buffer = self._buffer.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found

    def value(self, expression: str) -> Any:
        """The value of an expression in the page."""
        told = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    def open(self, path: Path, *, width: int) -> None:
        """Shows a file in a window of that width, and waits until the page reports that it is drawn."""
        mobile = width < 600
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=mobile)
        self.call("Page.navigate", url=path.as_uri())
        deadline = time.monotonic() + TIMEOUT
        while not self.value("document.body ? document.body.dataset.drawn || '' : ''"):
            assert time.monotonic() < deadline, "the page is not drawn"
            time.sleep(0.1)

    def visit(self, address: str, *, width: int) -> None:
        """Begins to show a page of a server in a window of that width."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self.call("Page.navigate", url=address)

    def wait(self, expression: str) -> Any:
        """The value of an expression in the page, once it is true."""
        deadline = time.monotonic() + TIMEOUT
        ready = f"document.body !== null && ({expression.strip()})"
        while not (found := self.value(ready)):
            assert time.monotonic() < deadline, f"never true: {expression}; {self.value('document.body.innerText')}"
            time.sleep(0.1)
        return found

    def complaints(self) -> list[dict[str, Any]]:
        """Errors and warnings of the console."""
        said = [event for event in self.events if event["method"] == "Runtime.consoleAPICalled"]
        loud = [event for event in said if event["params"]["type"] in ("error", "warning", "assert")]
        return [*loud, *(event for event in self.events if event["method"] in COMPLAINTS)]

    def requests(self) -> list[str]:
        """The requested addresses."""
        asked = (event for event in self.events if event["method"] == "Network.requestWillBeSent")
        return [event["params"]["request"]["url"] for event in asked]

    def photograph(self, path: Path) -> None:
        """Writes the whole page as a picture."""
        width, height = self.value("[innerWidth, document.documentElement.scrollHeight]")
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        path.write_bytes(base64.b64decode(shot["data"]))
