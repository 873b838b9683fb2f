"""The page of a check: complete, self-contained, safe to open."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from tuner.checking.check_report import CheckReport, full
from tuner.checking.run_check import run_check
from tuner.output.check_page import render
from tuner.records import EnvironmentRef

VOID = {"meta"}


class Balance(HTMLParser):
    """Checks that every tag that opens is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        """It closes itself."""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def report() -> CheckReport:
    return run_check(EnvironmentRef(id="planted_toys:Exploded"), full(10))


def test_it_is_self_contained_and_complete(report: CheckReport) -> None:
    text = render(report)
    parser = Balance()
    parser.feed(text)
    assert parser.open == []
    assert re.findall(r'(?:src|href)="(?!#|data:)|@import|url\(', text.partition("<script")[0]) == []
    for line in report.lines:
        assert line.name in text
    assert "divide the reward" in text
    assert text.count('class="plot"') == 1 + bool(report.terms)
    assert text.count('class="verdict ') == len(report.lines)


def test_names_are_text(report: CheckReport) -> None:
    text = render(replace(report, environment="<b>&mine</b>"))
    assert "<b>" not in text
    assert "&lt;b&gt;&amp;mine" in text


def test_a_report_of_one_line_is_a_page(report: CheckReport) -> None:
    text = render(replace(report, policies=(), terms=()))
    assert "Policies" not in text
    assert "<script" not in text
