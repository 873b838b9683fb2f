"""Names in any letters, and paths with characters that mean something elsewhere."""

from pathlib import Path
from unicodedata import normalize

import pytest
from conftest import Tuner, write_study

INLINE = "--trials 2 --engine inline --skip-check"


@pytest.mark.parametrize("name", ["한국", "étude-1", "исследование", normalize("NFD", "한국"), "研究_2"])
def test_a_study_is_called_what_its_user_calls_it(tuner: Tuner, toy_study: Path, name: str) -> None:
    own = write_study(toy_study.parent, name)
    assert tuner(f"run {own} {INLINE}").code == 0
    for line in (f"status {name}", f"export {name} -o best.yml", f"report {name} -o page.html", f"status {own}"):
        said = tuner(line)
        assert said.code == 0, said.err
    assert normalize("NFC", name) in tuner(f"status {name}").out
    again = tuner(f"run {name} {INLINE}")
    assert "Nothing to do" in again.err, again.err
    named = tuner(f"run {toy_study} {INLINE} --name {name}-b")
    assert named.code == 0, named.err


@pytest.mark.parametrize("name", ["a b", "../x", "-x", "_x", "", "a/b", "x" * 65, "a\tb", "💡"])
def test_other_characters_are_refused(tuner: Tuner, toy_study: Path, name: str) -> None:
    said = tuner(f"run {toy_study} {INLINE} --name '{name}'")
    assert said.code == 2
    assert "must be letters, digits, '.', '_' or '-', at most 64, starting with one" in said.err


def test_a_module_in_any_letters(tuner: Tuner, toy_study: Path) -> None:
    for module in ("로봇", "팔"):
        (toy_study.parent / f"{module}.py").write_text("from tuner_toys import Line\nclass Own(Line):\n    pass\n")
        said = tuner(f"run {toy_study} {INLINE} --env {module}.py:Own --name {module}")
        assert said.code == 0, said.err
        assert f"in {module}.py:Own" in said.err


@pytest.mark.parametrize("place", ["what?", "a#b", "100%", "a b", "a%20b", "x;y", "로봇"])
def test_a_folder_may_have_any_name(tuner: Tuner, toy_study: Path, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = toy_study.parent / place
    folder.mkdir()
    monkeypatch.chdir(folder)
    own = write_study(folder)
    assert tuner(f"run {own.name} {INLINE}").code == 0
    assert Path("studies/tuner.db").is_file()
    for line in ("status toy", "export toy -o best.yml", "report toy -o page.html"):
        assert tuner(line).code == 0, line
    assert {path.name for path in toy_study.parent.iterdir()} >= {place}


@pytest.mark.parametrize("url", ["sqlite:///a?b.db", "sqlite:///a.db?timeout=3", "sqlite:///a?"])
def test_a_question_mark_in_a_url_cuts_nothing(tuner: Tuner, toy_study: Path, url: str) -> None:
    said = tuner(f"run {toy_study} {INLINE} --storage '{url}'")
    assert said.code == 2
    assert f"storage {url!r}: a ? begins a URL's options, and there are none; write %3F in a file's name" in said.err
    assert not Path("a").exists()
    written = tuner(f"run {toy_study} {INLINE} --storage sqlite:///a%3Fb.db")
    assert written.code == 0, written.err
    assert Path("a?b.db").is_file()
    assert tuner("status toy --storage sqlite:///a%3Fb.db").code == 0
