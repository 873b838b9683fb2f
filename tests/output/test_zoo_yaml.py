"""The exported file: readable by rl_zoo3, written completely or not at all, and read back."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from conftest import SPACE, Tuner
from stable_baselines3 import PPO

from tuner.config.load import find, load_study
from tuner.errors import ExportFailed
from tuner.output import zoo_yaml


def read(path: Path) -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(path.read_text())
    return data


def test_the_file_has_the_best_trial_and_its_provenance(tuner: Tuner, finished: Path, tmp_path: Path) -> None:
    said = tuner("export toy -o best.yml")
    assert said.code == 0
    data = read(tmp_path / "best.yml")
    block, provenance = data["ToyLine-v0"], data["provenance"]
    assert block["n_envs"] == 1
    assert block["n_timesteps"] == 384
    assert block["policy"] == "MlpPolicy"
    assert {"learning_rate", "n_steps", "batch_size", "n_epochs"} <= block.keys()
    assert not {"seed", "device", "verbose", "env", "clip_range_vf"} & block.keys()
    assert provenance["study"] == "toy"
    assert provenance["training_seed"] == 1_000_000 + provenance["trial"]
    assert provenance["seeds"]["test"] == 3_000_000
    assert provenance["versions"]["stable-baselines3"]
    assert all(isinstance(block[key], int | float | str) for key in block)


def test_the_command_is_printed_and_in_the_file(tuner: Tuner, finished: Path, tmp_path: Path) -> None:
    said = tuner("export toy -o best.yml")
    command = "python -m rl_zoo3.train --algo ppo --env ToyLine-v0 --gym-packages tuner_toys --conf-file best.yml"
    assert command in said.err
    assert f"# {command}\n" in (tmp_path / "best.yml").read_text()


def test_without_a_file_the_yaml_goes_to_standard_output(tuner: Tuner, finished: Path) -> None:
    said = tuner("export toy")
    assert set(yaml.safe_load(said.out)) == {"ToyLine-v0", "provenance"}


def test_a_trial_can_be_chosen_and_has_its_overrides(tuner: Tuner, finished: Path) -> None:
    data = yaml.safe_load(tuner("export toy --trial 1").out)
    assert data["provenance"]["role"] == "baseline:proposed"
    assert data["ToyLine-v0"]["n_epochs"] == 2


def test_an_unknown_trial_is_refused_with_those_there_are(tuner: Tuner, finished: Path, tmp_path: Path) -> None:
    said = tuner("export toy --trial 77 -o best.yml")
    assert said.code == 2
    assert "'77'" in said.err
    assert "0, 1, 2, 3" in said.err
    assert not (tmp_path / "best.yml").exists()


def test_a_study_without_a_completed_trial_is_refused(tuner: Tuner, tmp_path: Path, finished: Path) -> None:
    import sqlite3

    with sqlite3.connect(tmp_path / "studies" / "tuner.db") as database:
        database.execute("UPDATE trials SET state = 'FAIL'")
    database.close()
    said = tuner("export toy -o best.yml")
    assert said.code == 1
    assert "no completed trial to export yet" in said.err
    assert not (tmp_path / "best.yml").exists()


@pytest.mark.parametrize(
    ("target", "code", "words"),
    [
        ("nowhere/best.yml", 1, "nowhere/best.yml: No such file or directory"),
        ("toy.yaml/best.yml", 1, "toy.yaml/best.yml: Not a directory"),
        ("studies", 2, "-o studies: is a folder"),
        ("pipe.yml", 2, "-o pipe.yml: is no regular file"),
        ("best.txt", 2, "-o 'best.txt': must end in .yml or .yaml"),
    ],
)
def test_a_path_that_cannot_be_written_is_named(
    tuner: Tuner, finished: Path, tmp_path: Path, target: str, code: int, words: str
) -> None:
    os.mkfifo(tmp_path / "pipe.yml")
    before = sorted(tmp_path.iterdir())
    said = tuner(f"export toy -o {target}")
    assert said.code == code
    assert words in said.err
    assert sorted(tmp_path.iterdir()) == before


def test_a_link_is_kept_and_its_target_written(tuner: Tuner, finished: Path, tmp_path: Path) -> None:
    (tmp_path / "target.yml").touch()
    (tmp_path / "link.yml").symlink_to("target.yml")
    assert tuner("export toy -o link.yml").code == 0
    assert (tmp_path / "link.yml").is_symlink()
    assert "ToyLine-v0" in read(tmp_path / "target.yml")


def test_a_write_that_fails_half_way_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "best.yml"
    path.write_text("old")

    def full(*_: object, **__: object) -> int:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(ExportFailed, match="No space left"):
        zoo_yaml.write("a: 1\n", {"a": 1}, path)
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["best.yml"]


def test_what_does_not_read_back_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ExportFailed, match="does not read back"):
        zoo_yaml.write("a: 1\n", {"a": 2}, tmp_path / "best.yml")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_rl_zoo3_trains_with_the_exported_file(tuner: Tuner, toy_study: Path, tmp_path: Path) -> None:
    policy = {"net_arch": [8], "activation_fn": "relu", "log_std_init": -0.5}
    space = {**SPACE, "fixed": {"n_epochs": 1, "vf_coef": 0.4, **policy}}
    (tmp_path / "toy_space.yaml").write_text(yaml.safe_dump(space))
    assert tuner("run toy.yaml --trials 3 --engine inline").code == 0
    assert tuner("export toy --trial 2 -o best.yml").code == 0
    block = read(tmp_path / "best.yml")["ToyLine-v0"]
    assert block["policy_kwargs"] == "dict(net_arch=[8], activation_fn=nn.ReLU, log_std_init=-0.5)"
    command = "rl_zoo3.train --algo ppo --env ToyLine-v0 --gym-packages tuner_toys --conf-file best.yml -n 128 -f logs"
    done = subprocess.run(
        [sys.executable, "-m", *command.split()], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    saved = list((tmp_path / "logs").rglob("ToyLine-v0.zip"))
    assert len(saved) == 1
    model = PPO.load(saved[0], device="cpu")
    assert (model.policy.net_arch, model.policy.activation_fn, model.vf_coef) == ([8], torch.nn.ReLU, 0.4)


@pytest.mark.parametrize(
    ("name", "names", "note"),
    [
        ("roarm_envs:RoArmReach-v0", ("roarm_envs", "RoArmReach-v0"), ""),
        ("CartPole-v1", ("", "CartPole-v1"), ""),
        ("envs.arm:Arm", ("envs.arm", "Arm-v0"), "register Arm of envs.arm as 'Arm-v0'"),
        ("envs/arm.py:Arm", ("", "Arm-v0"), "register Arm of envs/arm.py as 'Arm-v0'"),
    ],
)
def test_rl_zoo3_is_told_what_it_needs(name: str, names: tuple[str, str], note: str) -> None:
    assert zoo_yaml.zoo_names(name) == names
    spec = load_study(find("studies", "reach"))
    spec = spec.model_copy(update={"environment": spec.environment.model_copy(update={"id": name})})
    assert note in zoo_yaml.zoo_note(spec)
    assert bool(note) == bool(zoo_yaml.zoo_note(spec))
