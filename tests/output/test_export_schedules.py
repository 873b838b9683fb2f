"""Schedules in exports: in rl_zoo3's notation if it has one, and in a script that trains as the trial did."""

import runpy
import shutil
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import SPACE, TOYS, Tuner, kept_models, write_study
from stable_baselines3 import PPO
from stable_baselines3.common.base_class import BaseAlgorithm
from training.learners import furthest

from tuner.app.resolve import open_study
from tuner.cli.main import call
from tuner.config.environment_spec import EnvironmentSpec
from tuner.config.load import find, load_study
from tuner.config.schedules import note, replaced, simplified
from tuner.config.study_keys import CurriculumSpec
from tuner.output.sb3_script import script
from tuner.output.zoo_yaml import zoo_arguments, zoo_command

FIXED: dict[str, Any] = {
    "n_epochs": 1,
    "learning_rate_schedule": "linear",
    "clip_range": "lin_0.2_0.1",
    "ent_coef": "lin_0.01",
    "net_arch": [8],
    "activation_fn": "relu",
    "target_kl": 0.5,
}


@pytest.fixture(scope="module")
def _scheduled_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a study of one trial by SB3's own code, with schedules of all kinds, was run."""
    folder = tmp_path_factory.mktemp("scheduled")
    path = write_study(folder, baselines={}, trainer="sb3")
    (folder / "toy_space.yaml").write_text(yaml.safe_dump({**SPACE, "fixed": FIXED}))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.syspath_prepend(str(TOYS))
        line = f"run {path} --trials 1 --engine inline --skip-check --sampler random --seed 1"
        assert call(line.split()) == 0
    return folder


@pytest.fixture
def scheduled(_scheduled_folder: Path, tmp_path: Path) -> Path:
    """A folder with such a study, its database the default one of the current folder."""
    shutil.copytree(_scheduled_folder, tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "value", "simple"),
    [
        ("learning_rate", 3e-4, 3e-4),
        ("learning_rate", "lin_0.0003", "lin_0.0003"),
        ("learning_rate", "lin_0.0003_1e-05", "lin_0.0003"),
        ("clip_range", "lin_0.2_0.1", pytest.approx(0.15)),
        ("clip_range", "lin_0.1_0.2", pytest.approx(0.15)),
        ("clip_range_vf", "lin_0.2", "lin_0.2"),
        ("ent_coef", "lin_0.01", 0.005),
        ("ent_coef", "lin_0.01_0.002", pytest.approx(0.006)),
        ("net_arch", [64], [64]),
    ],
)
def test_a_schedule_becomes_what_rl_zoo3_can_follow(name: str, value: object, simple: object) -> None:
    assert simplified({name: value}) == {name: simple}
    assert replaced({name: value}) == ({} if value == simple else {name: value})


def test_a_replaced_schedule_is_noted_in_a_line() -> None:
    said = note({"clip_range": "lin_0.3_0.1", "ent_coef": "lin_0.01", "gamma": 0.9}, "tuner export NAME")
    assert said == (
        "rl_zoo3 has no notation for clip_range = lin_0.3_0.1 (here 0.2), ent_coef = lin_0.01 (here 0.005); "
        "reproduce the original: tuner export NAME"
    )
    assert note({"learning_rate": "lin_0.0003"}, "tuner export NAME") == ""


def test_the_yaml_says_what_it_replaced(tuner: Tuner, scheduled: Path) -> None:
    said = tuner("export toy -o best.yml")
    assert said.code == 0
    text = (scheduled / "best.yml").read_text()
    data = yaml.safe_load(text)
    block = data["ToyLine-v0"]
    assert block["learning_rate"].startswith("lin_")
    assert (block["clip_range"], block["ent_coef"]) == (pytest.approx(0.15), 0.005)
    assert data["provenance"]["schedules"] == {"clip_range": "lin_0.2_0.1", "ent_coef": "lin_0.01"}
    for place in (text, said.err):
        assert "clip_range = lin_0.2_0.1" in place
        assert "tuner export toy --trial 0 --format sb3 -o train.py" in place


def test_rl_zoo3_reads_the_notation(tuner: Tuner, scheduled: Path) -> None:
    from rl_zoo3.exp_manager import ExperimentManager

    block = yaml.safe_load(tuner("export toy").out)["ToyLine-v0"]
    start = float(block["learning_rate"].removeprefix("lin_"))
    found = ExperimentManager._preprocess_schedules(dict(block))
    assert found["learning_rate"](0.5) == pytest.approx(start / 2)
    assert found["clip_range"](0.5) == pytest.approx(0.15)


@pytest.mark.filterwarnings("ignore:.*render_mode")
def test_the_script_trains_what_the_trial_trained(tuner: Tuner, scheduled: Path) -> None:
    said = tuner("export toy --format sb3 -o train.py")
    assert said.code == 0, said.err
    assert "python train.py" in said.err
    runpy.run_path(str(scheduled / "train.py"), run_name="__main__")
    again = PPO.load(scheduled / "model.zip", device="cpu")
    (artifact,) = kept_models(scheduled)
    kept = PPO.load(artifact, device="cpu")
    assert furthest(again, kept) == 0.0
    assert (again.ent_coef, again.target_kl, again.policy.net_arch) == (0.0, 0.5, [8])


def test_a_script_goes_to_standard_output(tuner: Tuner, finished: Path) -> None:
    said = tuner("export toy --format sb3 --trial 1")
    compile(said.out, "train.py", "exec")
    assert "LinearSchedule" not in said.out
    assert "proposed of the study 'toy'" in said.out


def test_an_export_is_a_baseline_with_its_schedules(tuner: Tuner, scheduled: Path) -> None:
    assert tuner("export toy -o best.yml").code == 0
    assert tuner("run toy.yaml --name again --trials 1 --engine inline --skip-check --baseline best.yml").code == 0
    trial, first = (open_study(name, None).rows[0] for name in ("again", "toy"))
    assert trial.attributes["role"] == "baseline:best"
    assert trial.attributes["arguments"] == first.attributes["arguments"]
    assert trial.attributes["arguments"]["clip_range"] == "lin_0.2_0.1"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--format rl_zoo3", "--format 'rl_zoo3': must be one of zoo, sb3, json"),
        ("--format json -o best.yml", "-o 'best.yml': must end in .json, since --format json writes JSON"),
        ("--format json -o studies", "-o studies: is a folder; give a file, such as studies/best.json"),
        ("--format sb3 -o best.yml", "-o 'best.yml': must end in .py, since --format sb3 writes Python"),
        ("--format sb3 -o studies", "-o studies: is a folder; give a file, such as studies/train.py"),
        ("-o train.py", "-o 'train.py': must end in .yml or .yaml"),
    ],
)
def test_a_format_and_its_file_go_together(tuner: Tuner, finished: Path, line: str, words: str) -> None:
    said = tuner(f"export toy {line}")
    assert said.code == 2
    assert words in said.err


def test_arguments_without_schedules_are_exported_unchanged() -> None:
    values = {"learning_rate": 3e-4, "net_arch": [64, 64], "clip_range_vf": None}
    assert zoo_arguments(simplified(values), {}) == {"learning_rate": 3e-4, "policy_kwargs": "dict(net_arch=[64, 64])"}


@pytest.mark.parametrize(
    ("environment", "lines"),
    [
        ("roarm_envs:RoArmReach-v0", ["make_vec_env('roarm_envs:RoArmReach-v0', n_envs=2, env_kwargs={'scale': 2.0})"]),
        ("CartPole-v1", ["make_vec_env('CartPole-v1', n_envs=2, "]),
        ("tuner_toys:Line", ["from tuner_toys import Line", "make_vec_env(Line, n_envs=2, "]),
        ("own/toy.py:Line", ["import runpy", "make_vec_env(runpy.run_path('own/toy.py')['Line'], n_envs=2, "]),
    ],
)
def test_a_script_finds_the_environment_however_it_is_named(
    environment: str, lines: list[str], scheduled: Path, tmp_path: Path
) -> None:
    own = EnvironmentSpec(id=environment, n_envs=2, kwargs={"scale": 2.0})
    spec = load_study(find("studies", "toy.yaml")).model_copy(
        update={"environment": own, "curriculum": CurriculumSpec()}
    )
    trial = open_study("toy", None).rows[0]
    text = script(trial, spec)
    compile(text, "train.py", "exec")
    assert [line for line in lines if line not in text] == []
    assert "# Without the study's curriculum" in text


def test_environments_in_processes_are_exported_as_such(scheduled: Path, tmp_path: Path) -> None:
    own = EnvironmentSpec(id="CartPole-v1", n_envs=2, vec_env="subproc")
    spec = load_study(find("studies", "toy.yaml")).model_copy(update={"environment": own})
    trial = open_study("toy", None).rows[0]
    text = script(trial, spec)
    assert "from stable_baselines3.common.vec_env import SubprocVecEnv" in text
    assert "n_envs=2, vec_env_cls=SubprocVecEnv, vec_env_kwargs={" in text
    assert "--env CartPole-v1 --vec-env subproc --conf-file best.yml" in str(zoo_command(spec, "best.yml"))


def test_a_script_that_cannot_be_written_is_an_error(tuner: Tuner, finished: Path) -> None:
    said = tuner("export toy --format sb3 -o nowhere/train.py")
    assert said.code == 1
    assert "nowhere/train.py: No such file or directory" in said.err


@pytest.mark.parametrize(
    ("algorithm", "arguments", "lines"),
    [
        (
            "td3",
            {"learning_rate": "lin_0.001", "noise_type": "normal", "noise_std": 0.1, "buffer_size": 10**6},
            ["learning_rate=LinearSchedule(0.001, 0.0", "action_noise=NormalActionNoise(np.zeros(", "buffer_size=384"],
        ),
        ("sac", {"ent_coef": "auto_0.1", "train_freq": 8}, ["ent_coef='auto_0.1'", "buffer_size=384"]),
        ("a2c", {"ent_coef": "lin_0.01", "n_steps": 16}, ["ent_coef=0.01", "Coefficients(ent_coef="]),
    ],
)
def test_a_script_trains_by_every_algorithm(
    algorithm: str, arguments: dict[str, Any], lines: list[str], scheduled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = load_study(find("studies", "toy.yaml"))
    trial = open_study("toy", None).rows[0]
    row = replace(trial, arguments=arguments)
    text = script(row, spec.model_copy(update={"algorithm": algorithm, "timesteps": 384}))
    assert [line for line in lines if line not in text] == []
    monkeypatch.setattr(BaseAlgorithm, "learn", lambda self, *_, **__: self)
    (scheduled / "train.py").write_text(text)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*render_mode")
        runpy.run_path(str(scheduled / "train.py"), run_name="__main__")
    assert (scheduled / "model.zip").is_file()
