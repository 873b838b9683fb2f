"""The report's page in a real browser without a network, on a desktop and a phone."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import report_studies as made
from chromium import Page

from tuner.output.report_page import report_page
from tuner.results.report_build import build_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
REQUIRED = "browser" in os.environ.get("TUNER_REQUIRE", "")
PICTURES = 14
CUT_OFF = """
Array.from(document.querySelectorAll('body *')).filter(function (one) {
  var box = one.getBoundingClientRect();
  return box.right > innerWidth + 1 && !one.closest('.wide, .scrolls, pre, .plot');
}).map(function (one) { return one.tagName + '.' + one.className; })
"""
EMPTY = """
Array.from(document.querySelectorAll('.plot')).filter(function (one) {
  return !one.querySelector('.trace path, .trace .point, .points path, .contourlayer path, .js-line');
}).map(function (one) { return one.getAttribute('aria-label'); })
"""


@pytest.fixture
def report_file(tmp_path: Path) -> Path:
    spec = made.reach()
    study = made.filled(spec, 60, prune=0.2)
    made.confirm(study, spec, {"current": 0.4, "proposed": 0.1, **{f"trial {number}": 0.8 for number in range(70)}})
    reader = made.reader_of(study, spec)
    report = build_report(reader, np.random.default_rng(0))
    path = tmp_path / "report.html"
    path.write_text(report_page(reader, report, {}), encoding="utf-8")
    return path


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None and not REQUIRED, reason="no Chromium here (apt-get install chromium)")
def test_the_page_is_drawn_completely_on_a_desktop_and_a_phone(report_file: Path, tmp_path: Path) -> None:
    assert CHROMIUM is not None, "TUNER_REQUIRE asks for a browser, and there is no Chromium"
    with Page(CHROMIUM, tmp_path / "profile") as shown:
        for width in (1280, 390):
            shown.open(report_file, width=width)
            assert shown.value("document.querySelectorAll('.js-plotly-plot').length") == PICTURES
            assert shown.value(EMPTY) == []
            assert shown.value("document.documentElement.scrollWidth") <= width
            assert shown.value(CUT_OFF) == []
        assert shown.complaints() == []
        assert {address.partition(":")[0] for address in shown.requests()} <= {"file", "data"}
        assert len(shown.call("Page.printToPDF", printBackground=True)["data"]) > 100_000
        assert shown.complaints() == []
