"""Photographs a trial's page in the dashboard, for docs/howto/dashboard.png.

    tuner run smoke && .venv/bin/python tools/dashboard_picture.py

It shows the leader of the first study of the default database, once its video is made; it needs Chromium.
"""

import json
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "tests" / "toys"))

from chromium import Page  # noqa: E402 - from the tests

PICTURE = ROOT / "docs" / "howto" / "dashboard.png"
WIDTH = 1280
READY = "(v => v !== null && v.readyState >= 2)(document.querySelector('video.tuner-episode'))"


def main() -> None:
    """Serves the dashboard and photographs it."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("no Chromium here (apt-get install chromium)")
    command = [sys.executable, "-m", "tuner", "dashboard", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:  # noqa: S603 - our own command
        try:
            said = server.stderr.readline() if server.stderr else ""
            found = re.search(r"http://[\d.:]+", said)
            if found is None:
                sys.exit(said)
            photograph(chromium, found.group())
        finally:
            server.send_signal(signal.SIGINT)


def photograph(chromium: str, address: str) -> None:
    """Writes the picture of the leader's page."""
    with urllib.request.urlopen(f"{address}/api/studies/1?after=0") as answer:  # noqa: S310 - of this machine
        leader = json.load(answer)["best_trials"][0]["number"]
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
        Page(chromium, Path(profile), offline=False) as page,
    ):
        page.visit(f"{address}/dashboard/studies/1/trials?numbers={leader}", width=WIDTH)
        page.wait(READY)
        page.value("document.querySelector('video.tuner-episode').currentTime = 2, 1")
        page.wait("!document.querySelector('video.tuner-episode').seeking")
        page.photograph(PICTURE)


if __name__ == "__main__":
    main()
