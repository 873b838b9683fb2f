"""What every test stands on: a folder of its own, no way to a user's database, one torch thread, toy studies."""

import os
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy is imported

import pytest
import yaml

from tuner.records import Checkpoint, EnvironmentRef, TrialJob

TOYS = Path(__file__).parent / "toys"

SPACE = {
    "parameters": {
        "learning_rate": {"type": "float", "low": 1e-5, "high": 1e-2, "scale": "log"},
        "n_steps": {"type": "int", "low": 16, "high": 64, "scale": "power_of_two"},
        "batch_size": {"type": "int", "low": 4, "high": 32, "scale": "power_of_two", "below": "n_steps"},
    },
    "fixed": {"n_epochs": 1},
}
BASELINES = {
    "current": {"learning_rate": 3e-4, "n_steps": 32, "batch_size": 8, "n_epochs": 1, "device": "auto"},
    "proposed": {"learning_rate": 1e-4, "n_steps": 64, "batch_size": 16, "n_epochs": 2, "device": "cuda"},
}
STUDY = {
    "environment": {"id": "tuner_toys:ToyLine-v0"},
    "space": "toy_space.yaml",
    "timesteps": 384,
    "checkpoints": 6,
    "goals": {"early": 3, "late": 4},
    "trials": 4,
    "baselines": BASELINES,
}


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test runs in an empty folder, in which `studies/tuner.db` would be its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TUNER_STORAGE", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYTHONPATH", str(TOYS))
    monkeypatch.syspath_prepend(str(TOYS))


@pytest.fixture
def toy_study(tmp_path: Path) -> Path:
    """A study file that runs in a second, in the current folder."""
    return write_study(tmp_path)


def write_study(folder: Path, name: str = "toy", **changes: Any) -> Path:
    """Writes the toy study, with changed keys, and its space."""
    (folder / "toy_space.yaml").write_text(yaml.safe_dump(SPACE))
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump({**STUDY, **changes}))
    return path


def make_job(**changes: Any) -> TrialJob:
    """A short training run in the toy environment."""
    values: dict[str, Any] = {
        "number": 0,
        "seed": 1_000_000,
        "params": {"n_steps": 32, "batch_size": 8, "n_epochs": 1},
        "environment": EnvironmentRef(id="tuner_toys:ToyLine-v0"),
        "algorithm": "ppo",
        "policy": "MlpPolicy",
        "device": "cpu",
        "timesteps": 128,
        "objective": "success",
        "checkpoints": (Checkpoint(step=64, goals=3), Checkpoint(step=128, goals=4)),
    }
    return TrialJob(**{**values, **changes})
