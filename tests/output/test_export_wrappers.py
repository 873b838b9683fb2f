"""Wrappers, time limits and shifted spaces in exports: rl_zoo3's notation, a script that trains the same, and back."""

import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import Tuner, kept_models, write_study
from stable_baselines3 import PPO
from training.learners import furthest

from tuner.app.resolve import open_study
from tuner.final_training.recipe import read_recipe

RESCALED = {"gymnasium.wrappers.RescaleAction": {"min_action": -1, "max_action": 1}}
WRAPPERS: list[Any] = [RESCALED, "wrapped_toys:scaled_twice"]
RUN = "--trials 1 --engine inline --skip-check --sampler random --seed 1"
ENVIRONMENTS: dict[str, dict[str, Any]] = {
    "a class with a time limit": {"id": "wrapped_toys:Wide", "wrappers": WRAPPERS, "max_episode_steps": 5},
    "an id": {"id": "Pendulum-v1", "wrappers": RESCALED, "kwargs": {"g": 9.0}, "max_episode_steps": 50, "n_envs": 2},
    "shifted spaces": {"id": "wrapped_toys:Counting"},
    "shifted spaces, made by a function": {"id": "wrapped_toys:make_counting", "wrappers": ["wrapped_toys.Scaled"]},
}


def ran(tuner: Tuner, folder: Path, environment: dict[str, Any]) -> None:
    said = tuner(f"run {write_study(folder, environment=environment, baselines={}, trainer='sb3')} {RUN}")
    assert said.code == 0, said.err


def block(file: str) -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(Path(file).read_text())
    [found] = [value for key, value in data.items() if key != "provenance"]
    return dict(found)


@pytest.mark.filterwarnings("ignore:.*render_mode", "ignore:.*precision lowered")
@pytest.mark.parametrize("environment", ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_the_script_trains_what_the_trial_trained(tuner: Tuner, tmp_path: Path, environment: dict[str, Any]) -> None:
    ran(tuner, tmp_path, environment)
    assert tuner("export toy --format sb3 -o train.py").code == 0
    text = Path("train.py").read_text()
    assert re.search(r"^\s*(import|from) tuner(\.|\s)", text, re.MULTILINE) is None
    runpy.run_path("train.py", run_name="__main__")
    (artifact,) = kept_models(tmp_path)
    assert furthest(PPO.load("model.zip", device="cpu"), PPO.load(artifact, device="cpu")) == 0.0


def test_the_notation_is_rl_zoo3s_and_is_read_back(tuner: Tuner, tmp_path: Path) -> None:
    ran(tuner, tmp_path, ENVIRONMENTS["a class with a time limit"])
    assert tuner("export toy -o best.yml").code == 0
    assert block("best.yml")["env_wrapper"] == [RESCALED, "wrapped_toys.scaled_twice"]
    assert block("best.yml")["env_kwargs"] == {"max_episode_steps": 5}
    same = read_recipe(Path("best.yml"), None, None)
    assert same.changed == ()
    assert same.spec.environment == open_study("toy", None).spec.environment
    edited = Path("best.yml").read_text().replace("max_action: 1", "max_action: 2", 1)
    Path("edited.yml").write_text(edited.replace("max_episode_steps: 5\n  env_wrapper", "scale: 3.0\n  env_wrapper"))
    other = read_recipe(Path("edited.yml"), None, None)
    assert set(other.changed) == {"env_kwargs", "env_wrapper"}
    assert other.spec.environment.making == {"scale": 3.0}
    assert other.spec.environment.wrappers[0] == {
        "gymnasium.wrappers.RescaleAction": {"min_action": -1, "max_action": 2}
    }
    said = tuner("train best.yml --engine inline")
    assert said.code == 0, said.err
    assert "bit for bit" in said.out + said.err


def test_a_shift_is_named_for_rl_zoo3_and_left_to_tuner_when_read(tuner: Tuner, tmp_path: Path) -> None:
    ran(tuner, tmp_path, ENVIRONMENTS["shifted spaces"])
    assert tuner("export toy -o best.yml").code == 0
    assert block("best.yml")["env_wrapper"] == ["tuner.wrappers.count_from_zero"]
    same = read_recipe(Path("best.yml"), None, None)
    assert (same.changed, same.spec.environment.wrappers) == ((), ())


@pytest.mark.parametrize(
    ("given", "wrappers"),
    [
        (None, ()),
        ("gymnasium.wrappers.FlattenObservation", ("gymnasium.wrappers.FlattenObservation",)),
        ([RESCALED], (RESCALED,)),
    ],
    ids=str,
)
def test_a_file_of_rl_zoo3_has_its_wrappers(tmp_path: Path, given: Any, wrappers: Any) -> None:
    plain = {"n_timesteps": 256, "policy": "MlpPolicy", "n_steps": 32, "batch_size": 8, "env_wrapper": given}
    Path("plain.yml").write_text(yaml.safe_dump({"wrapped_toys:Wide": plain}))
    assert read_recipe(Path("plain.yml"), None, None).spec.environment.wrappers == wrappers


def test_wrappers_of_a_file_that_are_none_are_refused(tuner: Tuner) -> None:
    plain = {"n_timesteps": 256, "policy": "MlpPolicy", "n_steps": 32, "batch_size": 8}
    Path("plain.yml").write_text(yaml.safe_dump({"wrapped_toys:Wide": {**plain, "env_wrapper": [5]}}))
    said = tuner("train plain.yml --engine inline")
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert "Wide.env_wrapper: 5 must be a path" in said.err
    Path("plain.yml").write_text(yaml.safe_dump({"wrapped_toys:Wide": {**plain, "env_wrapper": "nowhere.Wrapper"}}))
    said = tuner("train plain.yml --engine inline")
    assert said.code == 2
    assert "wrapper 'nowhere.Wrapper': cannot import 'nowhere'" in said.err


REGISTERS = """
import gymnasium
gymnasium.register("Counting-v0", entry_point="wrapped_toys:Counting")
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["an id", "shifted spaces"])
def test_rl_zoo3_trains_with_the_file(tuner: Tuner, tmp_path: Path, name: str) -> None:
    ran(tuner, tmp_path, ENVIRONMENTS[name])
    assert tuner("export toy -o best.yml").code == 0
    (tmp_path / "registers.py").write_text(REGISTERS)
    env = "Pendulum-v1" if name == "an id" else "Counting-v0 --gym-packages registers"
    command = f"rl_zoo3.train --algo ppo --env {env} --conf-file best.yml -n 64 -f logs --eval-freq -1"
    done = subprocess.run(
        [sys.executable, "-m", *command.split()], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    (saved,) = (tmp_path / "logs").rglob(f"{env.split()[0]}.zip")
    space = PPO.load(saved, device="cpu").action_space
    assert str(space) == ("Box(-1.0, 1.0, (1,), float32)" if name == "an id" else "Discrete(3)")
