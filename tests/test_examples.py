"""The examples run unchanged, and print what they should."""

import shutil
import subprocess
import sys
from pathlib import Path

import nbclient
import nbformat
import pytest
from conftest import ROOT

EXAMPLES = ROOT / "examples"


@pytest.fixture(autouse=True)
def _in_a_copy(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLES, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.db*", "trained"))


@pytest.mark.slow
def test_the_script_runs() -> None:
    done = subprocess.run(
        [sys.executable, "tune_own_environment.py"], capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    for words in ("check: ok", "8 of 8 trials finished", "recommended: ", "goes right", "wrote best.yml, line.html"):
        assert words in done.stdout
    assert {"best.yml", "line.html", "line.mp4", "trained"} <= {path.name for path in Path().iterdir()}


@pytest.mark.slow
def test_the_notebook_runs_and_draws_progress(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    notebook = nbformat.read(EXAMPLES / "tuning.ipynb", as_version=4)  # type: ignore[no-untyped-call]
    assert not any(cell.get("outputs") for cell in notebook.cells), "it is kept without outputs"
    nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", [])]
    pages = [data["text/html"] for data in shown if "text/html" in data]
    for words in ("<progress", "6/6 done", "Study reach: 6 of 6 trials finished", "<video controls", "__main__:Slow"):
        assert any(words in page for page in pages), words
