"""`tuner dashboard --open` and `tuner run --dashboard`: what is refused, and what a browser is asked."""

import webbrowser

import pytest
from conftest import Tuner
from driving import wait_for

from tuner.cli.dashboard_command import open_page


@pytest.mark.parametrize(
    ("variables", "opened"),
    [({}, False), ({"DISPLAY": ":0"}, True), ({"BROWSER": "firefox"}, True)],
    ids=["a terminal alone", "a desktop", "a browser that is named"],
)
def test_a_page_opens_where_a_browser_has_a_window(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], opened: bool
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(webbrowser, "open", asked.append)
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    open_page("http://127.0.0.1:8080/dashboard/")
    assert not opened or wait_for(lambda: asked == ["http://127.0.0.1:8080/dashboard/"])
    assert bool(asked) == opened


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("run --dashboard-port 8080", "--dashboard-port 8080: goes with --dashboard"),
        ("run --dashboard --dry-run", "--dashboard: a --dry-run has no trials to show; leave it out"),
        ("run --dashboard --dashboard-port 65536", "--dashboard-port 65536"),
    ],
)
def test_what_cannot_be_is_one_line(tuner: Tuner, line: str, words: str) -> None:
    said = tuner(line)
    assert said.code == 2
    assert words in said.err
    assert len(said.err.splitlines()) == 1
