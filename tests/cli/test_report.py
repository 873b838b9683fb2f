"""`tuner report` as it is typed."""

import json
from pathlib import Path

import pytest
from conftest import Tuner

from tuner.errors import RecordingFailed


def test_a_page_by_default(tuner: Tuner, finished: Path) -> None:
    said = tuner("report toy")
    assert said.code == 0, said.err
    assert said.out == ""
    html = Path("toy-report.html").read_text()
    assert said.err.startswith("Wrote toy-report.html (")
    assert html.startswith("<!doctype html>")
    assert "tuner confirm toy" in html


def test_json_and_markdown_go_to_standard_output(tuner: Tuner, finished: Path) -> None:
    data = json.loads(tuner("report toy --format json").out)
    text = tuner("report toy --format md").out
    assert data["finished"] == 4
    assert data["headline"] in text.replace("\\", "")
    assert not Path("toy-report.html").exists()


@pytest.mark.parametrize(("file", "start"), [("r.md", "# toy"), ("r.json", "{"), ("r.html", "<!doctype"), ("r", "<!d")])
def test_the_ending_says_which_form(tuner: Tuner, finished: Path, file: str, start: str) -> None:
    assert tuner(f"report toy -o {file}").code == 0
    assert Path(file).read_text().startswith(start)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("report toy --format pdf", "--format 'pdf': must be one of html, md, json"),
        ("report toy --format md --videos", "--videos: only for HTML"),
        ("report toy -o .", "-o .: is a folder"),
        ("report toy -o nowhere/r.html", "-o nowhere/r.html: there is no folder nowhere"),
        ("report toyy", "no study in the database called 'toyy', did you mean 'toy'?"),
        ("report toy --storage sqlite:///none.db", "no database at"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(tuner: Tuner, finished: Path, line: str, words: str) -> None:
    said = tuner(line)
    assert said.code in (1, 2)
    assert words in said.err
    assert said.err.count("\n") == 1


def test_films_of_the_best_and_the_current_at_the_same_goals(
    tuner: Tuner, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = tuner("report toy --videos")
    assert said.code == 0, said.err
    html = Path("toy-report.html").read_text()
    assert "render mode" in html  # the toy cannot be looked at, and the page says so
    assert "<video" not in html

    monkeypatch.setattr("tuner.app.report.play", _filmed)
    said = tuner("report toy --videos")
    html = Path("toy-report.html").read_text()
    assert html.count("<video") == 2
    assert 'src="data:video/mp4;base64,' in html


def _filmed(ref: object, actor: object, goals: object, target: Path, tell: object, size: object) -> object:
    from tuner.playing.play_episode import Played

    target.write_bytes(b"a video")
    return Played(environment="toy", actor="model", episodes=())


def test_no_film_no_harm(tuner: Tuner, finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RecordingFailed("ffmpeg failed: <no> reason")

    monkeypatch.setattr("tuner.app.report.play", broken)
    assert tuner("report toy --videos").code == 0
    assert "ffmpeg failed: &lt;no&gt; reason" in Path("toy-report.html").read_text()
