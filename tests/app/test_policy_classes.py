"""A policy's network in a module of the project: found from other folders, and by the script alone."""

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Tuner, write_study

from tuner.app.resolve import open_study

NETWORK = """
from stable_baselines3.common.torch_layers import FlattenExtractor


class Net(FlattenExtractor):
    pass
"""
OPTIONS = {"features_extractor_class": "networks_of_mine:Net"}


def test_the_study_keeps_its_folder(tuner: Tuner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "networks_of_mine.py").write_text(NETWORK)
    path = write_study(tmp_path, environment={"id": "CartPole-v1"}, policy_kwargs=OPTIONS, baselines={}, timesteps=64)
    assert tuner(f"run {path} --trials 1 --engine inline --skip-check").code == 0
    storage = f"sqlite:///{tmp_path}/studies/tuner.db"
    assert open_study("toy", storage).spec.environment.folder == str(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert tuner(f"export toy --storage {storage} --format sb3 -o train.py").code == 0
    assert tuner(f"export toy --storage {storage} -o best.yml").code == 0
    assert "__import__('networks_of_mine', fromlist=['Net']).Net" in Path("best.yml").read_text()
    for command in (["train.py"], ["-m", "tuner", "train", "best.yml", "--workers", "1"]):
        done = subprocess.run([sys.executable, *command], capture_output=True, text=True, timeout=200, check=False)
        assert done.returncode == 0, done.stderr


def test_a_class_that_is_missing_is_refused_before_anything_is_written(tuner: Tuner, tmp_path: Path) -> None:
    path = write_study(tmp_path, policy_kwargs={"features_extractor_class": "networks_of_nobody:Net"})
    said = tuner(f"run {path} --trials 1 --engine inline")
    assert said.code == 2
    assert "policy_kwargs.features_extractor_class: 'networks_of_nobody:Net' cannot be imported" in said.err
    assert not (tmp_path / "studies").exists()
