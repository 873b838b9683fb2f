"""A study whose environment lies in the folder where it ran is worked with from any other folder."""

import shutil
import subprocess
import sys
from pathlib import Path

import gymnasium as gym
import pytest
import yaml
from conftest import Said, Tuner

from tuner.errors import EnvironmentUnusable
from tuner.records import EnvironmentRef
from tuner.training import making
from tuner.training.making import find_environment, full_id, home, make_bare

ARM = """
import numpy as np
from tuner_toys import Line
from parts_of_arm import NAME

class Hand(Line):
    metadata = {"render_modes": ["rgb_array"], "render_fps": 10}
    render_mode = "rgb_array"

    def __init__(self, render_mode=None):
        super().__init__()

    def render(self):
        return np.zeros((16, 16, 3), np.uint8)
"""
INLINE = "--engine inline"


def forget(monkeypatch: pytest.MonkeyPatch, project: Path) -> None:
    """Leaves nothing of the environment in this process, as a new one would begin."""
    making._found.clear()
    for key in [key for key in gym.registry if "hand_of" in key.lower()]:
        del gym.registry[key]
    for module in [module for module in sys.modules if module.startswith(("hand_of", "parts_of_arm"))]:
        del sys.modules[module]
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if not Path(entry).is_relative_to(project)])


@pytest.fixture(params=["hand_of.py:Hand", "hand_of:Hand"])
def name(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    (tmp_path / "hand_of.py").write_text(ARM)
    (tmp_path / "parts_of_arm.py").write_text("NAME = 'hand'\n")
    return str(request.param)


def test_train_confirm_play_and_the_script_find_it(
    tuner: Tuner, toy_study: Path, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = f"--storage sqlite:///{tmp_path}/studies/tuner.db"

    def elsewhere(line: str) -> Said:
        forget(monkeypatch, tmp_path)
        monkeypatch.chdir(there)
        return tuner(line)

    for line in (
        f"run {toy_study} --env {name} --name hand --trials 2 {INLINE} --skip-check",
        "export hand -o best.yml",
        "export hand --format sb3 -o best.py",
    ):
        said = tuner(line)
        assert said.code == 0, said.err
    assert yaml.safe_load(Path("best.yml").read_text())["provenance"]["environment"] == name
    (there := tmp_path / "elsewhere").mkdir()
    for line in (
        f"train ../best.yml -o trained {INLINE}",
        f"play --study hand {database} --episodes 1 -o a.mp4",
        f"confirm hand {database} --top 1 --seeds 1 {INLINE}",
        f"run hand {database} --trials 3 {INLINE}",
    ):
        said = elsewhere(line)
        assert said.code == 0, said.err
    script = subprocess.run([sys.executable, "../best.py"], capture_output=True, text=True, timeout=240, check=False)
    assert script.returncode == 0, script.stderr
    # Where the project has moved, `--env` says where it is.
    (tmp_path / "moved").mkdir()
    for file in ("hand_of.py", "parts_of_arm.py"):
        shutil.move(tmp_path / file, tmp_path / "moved" / file)
    lost = elsewhere(f"train ../best.yml -o again {INLINE}")
    assert (lost.code, len(lost.err.splitlines())) == (2, 1), lost.err
    for line in (
        f"train ../best.yml -o again --env ../moved/hand_of.py:Hand {INLINE}",
        f"play --study hand {database} --episodes 1 --env ../moved/hand_of.py:Hand -o b.mp4",
    ):
        said = elsewhere(line)
        assert said.code == 0, said.err


@pytest.mark.parametrize("kind", ["file", "module"])
def test_the_current_folder_comes_before_the_folder_of_the_study(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for folder, text in ((here, "'here'"), (there, "'there'")):
        folder.mkdir()
        for module in ("two_places", "one_place")[: 1 + (folder == there)]:
            code = f"import gymnasium\nclass Env(gymnasium.Env):\n    where = {text}\n"
            (folder / f"{module}_{kind}.py").write_text(code)
    monkeypatch.chdir(here)
    ending = ".py" if kind == "file" else ""
    for module, place in (("two_places", here), ("one_place", there)):
        name = f"{module}_{kind}{ending}:Env"
        assert full_id(name, str(there)) == name  # the same study wherever it is worked with
        made = make_bare(EnvironmentRef(id=name, folder=str(there)))
        assert made.unwrapped.where == place.name  # type: ignore[attr-defined]
        assert home(name) == (str(here) if place == here else None)
    with pytest.raises(EnvironmentUnusable, match="nowhere_at_all"):
        find_environment(f"nowhere_at_all{ending}:Env", str(there))


def test_an_installed_environment_has_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert home(full_id("CartPole-v1")) is None
    assert home(full_id("gymnasium.envs.classic_control.cartpole:CartPoleEnv")) is None
