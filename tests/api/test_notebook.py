"""What a notebook shows."""

import sys
import types
from pathlib import Path
from typing import Any

import pytest
from conftest import write_study

import tuner as library
from tuner.api import notebook
from tuner.api.notebook import NotebookNotifier, default_notifier, in_notebook
from tuner.app.bar import Bar
from tuner.app.notify import SilentNotifier


class Shown:
    """Stands for IPython in a kernel, and keeps what is drawn."""

    def __init__(self, shell: str) -> None:
        self.pages: list[str] = []
        self.module = types.ModuleType("IPython")
        self.module.version_info = (9, 0, 0)  # type: ignore[attr-defined]  # matplotlib asks
        kind = type(shell, (), {})
        self.module.get_ipython = kind  # type: ignore[attr-defined]
        self.module.display = types.SimpleNamespace(HTML=str, display=lambda *_, **__: self)  # type: ignore[attr-defined]

    def update(self, page: str) -> None:
        """A drawing takes the place of the last."""
        self.pages.append(page)


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Shown:
    """A notebook's kernel."""
    shown = Shown("ZMQInteractiveShell")
    monkeypatch.setitem(sys.modules, "IPython", shown.module)
    return shown


def test_only_a_kernel_is_a_notebook(kernel: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    assert in_notebook()
    assert isinstance(default_notifier(None), NotebookNotifier)
    silent = SilentNotifier()
    assert default_notifier(silent) is silent
    monkeypatch.setitem(sys.modules, "IPython", Shown("TerminalInteractiveShell").module)
    assert not in_notebook()
    monkeypatch.delitem(sys.modules, "IPython")
    assert isinstance(default_notifier(None), SilentNotifier)


def test_progress_is_drawn_in_place(kernel: Shown, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    library.tune(write_study(tmp_path), engine="inline")
    assert any(">trial 0<" in page and "starting" in page for page in kernel.pages)
    assert "4/4 done, 0 running" in kernel.pages[-1]
    assert '<progress value="4" max="4"' in kernel.pages[-1]
    assert len(kernel.pages) == len(dict.fromkeys(kernel.pages))
    assert tuple(capfd.readouterr()) == ("", "")


def test_a_study_shows_itself(finished: Path) -> None:
    page = library.open_study("toy")._repr_html_()
    for words in (
        "Study toy: 4 of 4 trials finished, tuner_toys:ToyLine-v0",
        ">current<",
        ">learning_rate<",
        ">score<",
    ):
        assert words in page


def test_nothing_in_a_table_is_markup() -> None:
    page = notebook.bars([Bar(label="<b>", done=1, total=2, text="a & b")], "<i>")
    assert "&lt;b&gt;" in page
    assert "a &amp; b" in page
    assert "<i>" not in page
    assert "<script>" not in notebook.table(["<script>"], [["<script>"]])


def test_every_kind_of_work_has_a_progress(kernel: Shown, finished: Path) -> None:
    study = library.open_study("toy")
    study.confirm(seeds=1, top=1, engine="inline")
    assert ">runs<" in kernel.pages[-1]
    study.best.train(128, workers=1, folder=None)
    assert "1/1 runs done" in kernel.pages[-1]
    library.compare(str(finished), algorithms=["ppo"], minutes=0.01, engine="inline")
    assert any("ppo, seed 1" in page for page in kernel.pages)


def test_a_notifier_of_ones_own_is_told(toy_study: Path) -> None:
    class Told(SilentNotifier):
        def __init__(self) -> None:
            self.heard: list[Any] = []

        def notify(self, event: Any) -> None:
            self.heard.append(type(event).__name__)

    told = Told()
    library.tune(toy_study, engine="inline", notifier=told)
    assert told.heard[:2] == ["StudyAnnounced", "EnvironmentLook"]
