"""The dashboard in a real browser: the study's history plot is drawn."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
REQUIRED = "browser" in os.environ.get("TUNER_REQUIRE", "")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --window-size=1400,1600 --virtual-time-budget=20000 "
    "--enable-logging=stderr"
)


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None and not REQUIRED, reason="no Chromium here (apt-get install chromium)")
def test_the_history_plot_is_drawn(dashboard: str, tmp_path: Path) -> None:
    assert CHROMIUM is not None, "TUNER_REQUIRE asks for a browser, and there is no Chromium"
    page = f"{dashboard}/dashboard/studies/1"
    command = [CHROMIUM, *FLAGS.split(), f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", page]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert "toy" in done.stdout
    assert 'class="js-plotly-plot"' in done.stdout
    assert "scatterlayer" in done.stdout  # the trials' points
    assert ">History<" in done.stdout
    assert ">score<" in done.stdout  # the axis
    assert "Content Security Policy" not in done.stderr  # which the page keeps to
