"""`--algorithm`: another algorithm from study to exported file, and what is refused."""

import json
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import stable_baselines3
import torch
import yaml
from conftest import Tuner, write_study

RATE = {"learning_rate": {"type": "float", "low": 1e-4, "high": 1e-3, "scale": "log"}}
SMALL = {"batch_size": 8, "learning_starts": 16, "net_arch": [8]}
FREQ = {"train_freq": {"type": "int", "low": 8, "high": 32, "scale": "power_of_two"}}
NOISE = {"noise_type": "normal", "noise_std": 0.2}
STEPS = {"n_steps": {"type": "int", "low": 16, "high": 32, "scale": "power_of_two"}}
CASES: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "ppo": ("Pendulum-v1", {**RATE, **STEPS}, {"batch_size": 8, "n_epochs": 1}),
    "a2c": ("CartPole-v1", {**RATE, **STEPS}, {"net_arch": [8]}),
    "sac": ("Pendulum-v1", {**RATE, **FREQ}, {**SMALL, "ent_coef": "auto_0.1"}),
    "td3": ("Pendulum-v1", {**RATE, **FREQ}, {**SMALL, **NOISE}),
    "dqn": ("CartPole-v1", {**RATE, **FREQ}, {**SMALL, "target_update_interval": 32}),
}


def write(folder: Path, algorithm: str) -> None:
    env, parameters, fixed = CASES[algorithm]
    environment = {"id": env, "kwargs": {"max_episode_steps": 20}}
    write_study(folder, environment=environment, baselines={}, trials=2, timesteps=192, goals={"early": 1, "late": 1})
    space = {"algorithm": algorithm, "parameters": parameters, "fixed": fixed}
    (folder / "toy_space.yaml").write_text(yaml.safe_dump(space))


@pytest.mark.parametrize("algorithm", CASES)
def test_every_algorithm_goes_from_study_to_file(tuner: Tuner, tmp_path: Path, algorithm: str) -> None:
    write(tmp_path, algorithm)
    said = tuner("run toy.yaml --engine inline --skip-check --pruner none --json")
    assert said.code == 0, said.err
    assert f"{algorithm.upper()} in {CASES[algorithm][0]}" in said.err
    assert json.loads(said.out)["counts"]["complete"] == 2
    exported = tuner("export toy").out
    assert f"rl_zoo3.train --algo {algorithm} --env {CASES[algorithm][0]}" in exported
    block = yaml.safe_load(exported)[CASES[algorithm][0]]
    assert {"n_envs", "n_timesteps", "policy", *CASES[algorithm][1]} <= block.keys()
    assert (block.get("noise_type"), block.get("noise_std")) == (
        ("normal", 0.2) if algorithm == "td3" else (None, None)
    )
    again = tuner("run toy.yaml --engine inline --skip-check")
    assert "Nothing to do: the study has 2 finished trials" in again.err


@pytest.mark.filterwarnings("ignore:.*render_mode")
@pytest.mark.parametrize("algorithm", ["a2c", "td3"])
def test_the_script_trains_what_the_trial_trained(tuner: Tuner, tmp_path: Path, algorithm: str) -> None:
    write(tmp_path, algorithm)
    assert tuner("run toy.yaml --trials 1 --engine inline --skip-check --pruner none").code == 0
    assert tuner("export toy --format sb3 -o train.py").code == 0
    assert "noise_type" not in (tmp_path / "train.py").read_text()
    runpy.run_path(str(tmp_path / "train.py"), run_name="__main__")
    (artifact,) = (tmp_path / "studies" / "tuner.artifacts").iterdir()
    kind = getattr(stable_baselines3, algorithm.upper())
    again, kept = (kind.load(path, device="cpu").policy.state_dict() for path in (tmp_path / "model.zip", artifact))
    assert [name for name in kept if not torch.equal(kept[name], again[name])] == []


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", ["td3"])  # the one whose file says most: noise, net and frequencies
def test_rl_zoo3_trains_with_the_file(tuner: Tuner, tmp_path: Path, algorithm: str) -> None:
    write(tmp_path, algorithm)
    assert tuner("run toy.yaml --engine inline --skip-check --pruner none").code == 0
    assert tuner("export toy -o best.yml").code == 0
    env = CASES[algorithm][0]
    command = f"rl_zoo3.train --algo {algorithm} --env {env} --conf-file best.yml -n 64 -f logs --eval-freq -1"
    done = subprocess.run(
        [sys.executable, "-m", *command.split()], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    (saved,) = (tmp_path / "logs").rglob(f"{env}.zip")
    model = getattr(stable_baselines3, algorithm.upper()).load(saved, device="cpu")
    assert model.action_noise._sigma.tolist() == [0.2]
    assert model.policy.net_arch == [8]


def test_a_study_by_another_algorithm_is_a_study_of_its_own(tuner: Tuner, finished: Path) -> None:
    said = tuner(f"run {finished} --algorithm a2c --timesteps 256 --trials 1 --engine inline --pruner none")
    assert said.code == 0, said.err
    assert "Study 'toy-a2c'" in said.err
    assert "A2C in tuner_toys:ToyLine-v0, space a2c_robot" in said.err
    assert "Baselines current, proposed: of another algorithm than A2C, and left out." in said.err
    assert "tuner run" in said.out
    assert "--algorithm a2c --trials 2" in said.out
    stored = tuner("run toy --algorithm a2c --timesteps 256 --trials 1 --engine inline --pruner none")
    assert "Nothing to do" in stored.err  # by the stored study's name: the same study
    assert json.loads(tuner("status toy --json").out)["finished"] == 4


def test_a_stored_study_without_its_file_takes_another_algorithm(tuner: Tuner, finished: Path) -> None:
    finished.unlink()
    said = tuner("run toy --algorithm a2c --timesteps 256 --trials 1 --engine inline --pruner none")
    assert said.code == 0, said.err
    assert "Study 'toy-a2c' (stored in" in said.err
    assert "left out" in said.err


def test_the_studys_own_algorithm_is_the_same_study(tuner: Tuner, finished: Path) -> None:
    assert "Nothing to do" in tuner(f"run {finished} --algorithm ppo --engine inline").err


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("run --algorithm ddpg", "--algorithm 'ddpg': must be one of ppo, a2c, sac, td3, dqn"),
        ("run --algorithm sac --space td3_robot", "algorithm: 'sac', but the space td3_robot is of td3"),
        (
            "run --algorithm sac --timesteps 32",
            "timesteps: 32 is less than one largest rollout (train_freq x n_envs = 64)",
        ),
        ("run --algorithm sac --timesteps 8000", "learning_starts: 10,000 of 8,000 timesteps would leave nothing"),
    ],
)
def test_usage_is_refused_in_a_line_before_anything_is_written(
    tuner: Tuner, tmp_path: Path, line: str, words: str
) -> None:
    said = tuner(line)
    assert said.code == 2
    assert words in said.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("skip", ["", " --skip-check"], ids=["at the look", "at the first short run"])
def test_actions_that_an_algorithm_cannot_take_are_refused_before_the_first_trial(
    tuner: Tuner, toy_study: Path, tmp_path: Path, skip: str
) -> None:
    before = sorted(tmp_path.iterdir())
    said = tuner(f"run {toy_study} --algorithm dqn --timesteps 8192 --engine inline{skip}")
    assert said.code == 2
    assert "DQN needs discrete actions; tuner_toys:ToyLine-v0 has continuous ones: use ppo, a2c, sac or td3" in said.err
    assert sorted(tmp_path.iterdir()) == before


def test_baselines_from_a_study_of_another_algorithm_are_refused(tuner: Tuner, finished: Path, tmp_path: Path) -> None:
    said = tuner(f"run {finished} --algorithm a2c --timesteps 256 --from toy --name other --engine inline")
    assert said.code == 2
    assert "--from toy: is a study of ppo, this one of a2c" in said.err
