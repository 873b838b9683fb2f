"""`tuner run --tensorboard`: refused before anything begins where nothing could be written."""

from pathlib import Path

import pytest
from conftest import Tuner


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
