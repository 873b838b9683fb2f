"""The dashboard in a real browser: the study's history plot is drawn."""

import os
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from tuner.dashboard.server import make_server
from tuner.study.storage import parse_url

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
REQUIRED = "browser" in os.environ.get("TUNER_REQUIRE", "")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --window-size=1400,1600 --virtual-time-budget=20000"
)


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None and not REQUIRED, reason="no Chromium here (apt-get install chromium)")
def test_the_history_plot_is_drawn(finished: Path, tmp_path: Path) -> None:
    assert CHROMIUM is not None, "TUNER_REQUIRE asks for a browser, and there is no Chromium"
    server = make_server(parse_url("sqlite:///studies/tuner.db"), 0)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        page = f"http://127.0.0.1:{server.effective_port}/dashboard/studies/1"
        command = [CHROMIUM, *FLAGS.split(), f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", page]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    finally:
        server.close()
        thread.join(5)
    assert "toy" in done.stdout
    assert 'class="js-plotly-plot"' in done.stdout
    assert "scatterlayer" in done.stdout  # the trials' points
    assert ">History<" in done.stdout
    assert ">score<" in done.stdout  # the axis
