"""Another algorithm: from study to exported file, and what is refused."""

import runpy
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from conftest import kept_models, write_study
from use_cases import INLINE, Told

from tuner.app import events
from tuner.app.export import ExportRequest, export
from tuner.app.status import read_status
from tuner.app.tune import TuneRequest, tune
from tuner.config.algorithms import ALGORITHMS
from tuner.errors import EnvironmentUnusable, UsageProblem
from tuner.training.make_model import model_class

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
    "tqc": ("Pendulum-v1", {**RATE, **FREQ}, {**SMALL, "n_quantiles": 5, "top_quantiles_to_drop_per_net": 1}),
    "crossq": ("Pendulum-v1", {**RATE, **FREQ}, {**SMALL, "policy_delay": 2}),
    "trpo": ("CartPole-v1", {**RATE, **STEPS}, {"batch_size": 8, "cg_max_steps": 3}),
    "recurrent_ppo": ("Pendulum-v1", {**RATE, **STEPS}, {"batch_size": 8, "n_epochs": 1, "lstm_hidden_size": 8}),
    "maskable_ppo": ("observed_toys:ToyMasked-v0", {**RATE, **STEPS}, {"batch_size": 8, "n_epochs": 1}),
}
RUN = TuneRequest(study="toy.yaml", engine=INLINE, skip_check=True, changes={"pruner": "none"})
A2C: dict[str, Any] = {"algorithm": "a2c", "timesteps": 256, "trials": 1, "pruner": "none"}


def write(folder: Path, algorithm: str) -> None:
    env, parameters, fixed = CASES[algorithm]
    environment = {"id": env, "kwargs": {"max_episode_steps": 20}}
    write_study(folder, environment=environment, baselines={}, trials=2, timesteps=192, goals={"early": 1, "late": 1})
    space = {"algorithm": algorithm, "parameters": parameters, "fixed": fixed}
    (folder / "toy_space.yaml").write_text(yaml.safe_dump(space))


@pytest.mark.parametrize("algorithm", CASES)
def test_every_algorithm_goes_from_study_to_file(told: Told, tmp_path: Path, algorithm: str) -> None:
    write(tmp_path, algorithm)
    found = tune(RUN, told)
    [announced] = told.of(events.StudyAnnounced)
    assert (announced.spec.algorithm, announced.spec.environment.id) == (algorithm, CASES[algorithm][0])
    assert found.summaries[0].counts["complete"] == 2
    exported = export(ExportRequest(study="toy")).text
    name, zoo = CASES[algorithm][0].rpartition(":")[2], ALGORITHMS[algorithm].zoo
    command = f"rl_zoo3.train --algo {zoo or algorithm} --env {name}"
    assert (command in exported) == (zoo is not None)
    assert ("rl_zoo3 has no MaskablePPO" in exported) == (zoo is None)
    block = yaml.safe_load(exported)[name]
    assert {"n_envs", "n_timesteps", "policy", *CASES[algorithm][1]} <= block.keys()
    assert (block.get("noise_type"), block.get("noise_std")) == (
        ("normal", 0.2) if algorithm == "td3" else (None, None)
    )
    assert told.of(events.NothingToRun) == []
    tune(replace(RUN, changes={}), told)
    assert [(one.what, one.finished) for one in told.of(events.NothingToRun)] == [("trial", 2)]


@pytest.mark.filterwarnings("ignore:.*render_mode")
@pytest.mark.parametrize("algorithm", ["a2c", "td3", "tqc", "recurrent_ppo"])
def test_the_script_trains_what_the_trial_trained(told: Told, tmp_path: Path, algorithm: str) -> None:
    write(tmp_path, algorithm)
    tune(replace(RUN, changes={"pruner": "none", "trials": 1}), told)
    export(ExportRequest(study="toy", form="sb3", output=Path("train.py")))
    assert "noise_type" not in (tmp_path / "train.py").read_text()
    runpy.run_path(str(tmp_path / "train.py"), run_name="__main__")
    (artifact,) = kept_models(tmp_path)
    kind = model_class(algorithm)
    again, kept = (kind.load(path, device="cpu").policy.state_dict() for path in (tmp_path / "model.zip", artifact))
    assert [name for name in kept if not torch.equal(kept[name], again[name])] == []


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", ["td3"])  # the one whose file says most: noise, net and frequencies
def test_rl_zoo3_trains_with_the_file(told: Told, tmp_path: Path, algorithm: str) -> None:
    write(tmp_path, algorithm)
    tune(RUN, told)
    export(ExportRequest(study="toy", output=Path("best.yml")))
    env = CASES[algorithm][0]
    command = f"rl_zoo3.train --algo {algorithm} --env {env} --conf-file best.yml -n 64 -f logs --eval-freq -1"
    done = subprocess.run(
        [sys.executable, "-m", *command.split()], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    (saved,) = (tmp_path / "logs").rglob(f"{env}.zip")
    model: Any = model_class(algorithm).load(saved, device="cpu")
    assert model.action_noise._sigma.tolist() == [0.2]
    assert model.policy.net_arch == [8]


def test_a_study_by_another_algorithm_is_a_study_of_its_own(told: Told, finished: Path) -> None:
    asked = TuneRequest(study=str(finished), engine=INLINE, changes=A2C)
    found = tune(asked, told)
    [announced] = told.of(events.StudyAnnounced)
    spec = announced.spec
    assert (spec.name, spec.algorithm, spec.space_name) == ("toy-a2c", "a2c", "a2c_robot")
    assert spec.environment.id == "tuner_toys:ToyLine-v0"
    assert announced.left == ("current", "proposed")
    assert found.summaries[0].finished == 1
    assert told.of(events.NothingToRun) == []
    tune(replace(asked, study="toy"), told)  # by the stored study's name: the same study
    assert len(told.of(events.NothingToRun)) == 1
    assert read_status("toy", None).summary.finished == 4


def test_a_stored_study_without_its_file_takes_another_algorithm(told: Told, finished: Path) -> None:
    finished.unlink()
    found = tune(TuneRequest(study="toy", engine=INLINE, changes=A2C), told)
    [announced] = told.of(events.StudyAnnounced)
    assert announced.spec.name == "toy-a2c"
    assert announced.source.startswith("stored in ")
    assert announced.left == ("current", "proposed")
    assert found.summaries[0].finished == 1


def test_the_studys_own_algorithm_is_the_same_study(told: Told, finished: Path) -> None:
    tune(TuneRequest(study=str(finished), engine=INLINE, changes={"algorithm": "ppo"}), told)
    assert len(told.of(events.NothingToRun)) == 1


@pytest.mark.parametrize("skip", [False, True], ids=["at the look", "at the first short run"])
def test_actions_that_an_algorithm_cannot_take_are_refused_before_the_first_trial(
    told: Told, toy_study: Path, tmp_path: Path, skip: bool
) -> None:
    before = sorted(tmp_path.iterdir())
    with pytest.raises(EnvironmentUnusable) as caught:
        tune(replace(RUN, skip_check=skip, changes={"algorithm": "dqn", "timesteps": 8192}), told)
    assert str(caught.value) == (
        "DQN needs discrete actions; tuner_toys:ToyLine-v0 has continuous ones: use ppo, a2c, sac or td3 (--algorithm)"
    )
    assert sorted(tmp_path.iterdir()) == before


def test_baselines_from_a_study_of_another_algorithm_are_refused(told: Told, finished: Path) -> None:
    asked = TuneRequest(study=str(finished), name="other", from_study="toy", engine=INLINE, changes=A2C)
    with pytest.raises(UsageProblem, match="--from toy: is a study of ppo, this one of a2c"):
        tune(asked, told)
