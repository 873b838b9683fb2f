"""`tuner run --tensorboard`: refused before anything begins where nothing could be written."""

import importlib.util
from pathlib import Path

import pytest
from conftest import Tuner

HERE = importlib.util.find_spec("tensorboard") is not None


def test_without_tensorboard_the_install_line_is_given(
    tuner: Tuner, toy_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    said = tuner("run toy.yaml --tensorboard curves")
    assert said.code == 2
    assert "pip install 'roarm-tuner[tensorboard]'" in said.err
    assert not Path("curves").exists()
    assert not Path("studies").exists()


@pytest.mark.parametrize("folder", ["file", "file/inside", "''"])
def test_a_folder_that_cannot_be_written_to_is_one_line(
    tuner: Tuner, toy_study: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    Path("file").touch()
    said = tuner(f"run toy.yaml --tensorboard {folder}")
    assert said.code == 2
    assert len(said.err.splitlines()) == 1
    assert "--tensorboard" in said.err
    assert not Path("studies").exists()


@pytest.mark.skipif(not HERE, reason="no TensorBoard here")
def test_every_trial_has_its_folder(tuner: Tuner, toy_study: Path) -> None:
    said = tuner("run toy.yaml --engine inline --trials 2 --skip-check --tensorboard curves --name mine")
    assert said.code == 0
    assert f"Curves: tensorboard --logdir {Path('curves').resolve()}" in said.err
    written = {str(path.parent) for path in Path("curves").rglob("events.*")}
    assert written == {"curves/mine/trial-0", "curves/mine/trial-1"}
