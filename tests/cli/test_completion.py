"""What a shell completes."""

from pathlib import Path

import pytest
from conftest import Tuner

from tuner.cli.main import call
from tuner.study.study_names import quick_study_names


def completed(words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> list[str]:
    monkeypatch.setenv("_TUNER_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(words.count(" ")))
    with pytest.raises(SystemExit):
        call([])
    return capsys.readouterr().out.split()


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("tuner st", ["status"]),
        ("tuner status t", ["toy"]),
        ("tuner run smo", ["smoke"]),
        ("tuner show --study t", ["toy"]),
        ("tuner run --space ppo_g", ["ppo_guide"]),
        ("tuner run --engine i", ["inline"]),
        ("tuner list sp", ["spaces"]),
    ],
)
def test_names_are_completed(
    finished: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: str,
    found: list[str],
) -> None:
    assert completed(words, monkeypatch, capsys) == found


@pytest.mark.parametrize("content", [None, b"", b"no database"], ids=["missing", "empty", "another file"])
def test_a_database_that_cannot_be_read_completes_nothing_and_stays(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "some.db"
    if content is not None:
        path.write_bytes(content)
    assert quick_study_names(f"sqlite:///{path}") == []
    assert quick_study_names("postgresql://host/name") == []
    assert (path.read_bytes() if path.exists() else None) == content


@pytest.mark.parametrize("width", [60, 80])
def test_help_breaks_no_word(tuner: Tuner, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    pages = [tuner("--help").out, tuner("run --help").out]
    assert [line for page in pages for line in page.splitlines() if len(line) > width] == []
    for heading in ("Tune:", "Understand:", "Use:", "Serve:"):
        assert heading in pages[0]
    words = set(" ".join(pages).split())
    assert words >= {"`gymnasium.wrappers.FlattenObservation`;", "sqlite:///studies/tuner.db,", "recurrent_ppo,"}
