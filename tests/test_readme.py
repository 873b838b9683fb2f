"""What the README tells to type works: its commands in order, over a study of the same name that takes seconds."""

import re
import shutil
from pathlib import Path

import pytest
import yaml
from conftest import SPACE, STUDY, Tuner
from pages import ROOT, Typed, blocks, typed

README, PYTHON = ROOT / "README.md", ROOT / "docs" / "howto" / "python.md"
SMALLER = {"trials=20": "trials=3", "20_000": "8_192", "100_000": "8_192", "seeds=10": "seeds=2"}


@pytest.fixture
def small_reach(tmp_path: Path) -> None:
    """A study `reach` in the current folder, which goes before the packaged one."""
    for folder in ("studies", "search_spaces"):
        (tmp_path / folder).mkdir()
    (tmp_path / "search_spaces" / "toy_space.yaml").write_text(yaml.safe_dump(SPACE))
    study = {**STUDY, "space": "toy_space"}
    (tmp_path / "studies" / "reach.yaml").write_text(yaml.safe_dump(study))


@pytest.mark.slow
def test_the_commands_of_use_run_in_their_order(tuner: Tuner, small_reach: None, tmp_path: Path) -> None:
    (block,) = [block for block in blocks(README) if "tuner check" in block]
    lines = re.findall(r"^tuner (.*?)(?:\s+#.*)?$", block, flags=re.MULTILINE)
    assert [line.split()[0] for line in lines] == ["check", "run", "confirm", "export", "train"]
    for line in lines:
        said = tuner(line.replace("--trials 200", "--trials 6"))
        assert said.code == 0, f"{line}: {said.err}"
    assert (tmp_path / "best.yml").exists()
    assert (tmp_path / "trained" / "best" / "README.md").exists()
    for line in ("status", "report"):
        assert tuner(line).code == 0


def statements(page: Path) -> list[str]:
    """Those of a page's Python, without comments."""
    (code,) = blocks(page, "python")
    return [line.partition("  #")[0] for line in code.splitlines() if line]


def test_the_python_of_the_readme_is_that_of_the_page_about_it() -> None:
    assert len(statements(README)) == 6
    assert set(statements(README)) <= set(statements(PYTHON))


@pytest.mark.slow
def test_the_python_of_its_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = blocks(PYTHON, "python")
    shutil.copy(ROOT / "examples" / "my_env.py", tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    for old, new in SMALLER.items():
        assert old in code
        code = code.replace(old, new)
    exec(compile(code, "python.md", "exec"), {"__name__": "page"})  # noqa: S102 - the page's own
    assert {"report.html", "best.yml", "video.mp4"} <= {path.name for path in tmp_path.iterdir()}


CHEAP = [
    pytest.param(one.text, id=f"{one.page}: {one.text}")
    for one in dict.fromkeys(one for page in (ROOT / "docs" / "howto").glob("*.md") for one in typed(page))
    if one.words[:1] == ["list"]
]


@pytest.mark.parametrize("line", CHEAP)
def test_what_pages_list_is_listed(tuner: Tuner, line: str) -> None:
    assert tuner(line.replace("NAME", "ppo_guide")).code == 0


def test_a_command_is_read_as_it_is_typed() -> None:
    assert Typed(page="", text="run reach --trials 200 …").words == ["run", "reach", "--trials", "200"]
