"""Exports after a confirmation: which configuration, and its provenance."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import TOYS, Tuner

from tuner.cli.main import call
from tuner.config.baselines import read_baseline
from tuner.config.load import validate
from tuner.config.model import StudySpec

INLINE = "--engine inline"


@pytest.fixture(scope="module")
def _confirmed_folder(_finished_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the finished study's folder in which it was confirmed, once for all tests here."""
    folder = tmp_path_factory.mktemp("confirmed")
    shutil.copytree(_finished_folder, folder, dirs_exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.syspath_prepend(str(TOYS))
        assert call(["confirm", "toy", "--seeds", "5", "--top", "2", "--engine", "inline"]) == 0
    return folder


@pytest.fixture
def confirmed(_confirmed_folder: Path, tmp_path: Path) -> Path:
    """The file of a confirmed toy study, its database the default one of the current folder."""
    shutil.copytree(_confirmed_folder, tmp_path, dirs_exist_ok=True)
    return tmp_path / "toy.yaml"


def exported(tuner: Tuner, line: str = "export toy --format json") -> Any:
    said = tuner(line)
    assert said.code == 0, said.err
    return json.loads(said.out)


def test_the_recommended_configuration_is_exported(tuner: Tuner, confirmed: Path) -> None:
    recommended = json.loads(tuner(f"confirm toy --seeds 5 --top 2 {INLINE} --json").out)["recommended"]
    said = tuner("export toy -o best.yml")
    assert said.code == 0
    assert f"Exporting {recommended}, recommended by the confirmation" in said.err
    text = Path("best.yml").read_text()
    assert "Confirmed over 5 fresh training seeds, 100 fresh episodes each." in text.splitlines()[0]
    assert "# tuner train best.yml" in text
    provenance = yaml.safe_load(text)["provenance"]
    assert provenance["confirmed"] is True
    assert recommended in (f"trial {provenance['trial']}", provenance["role"].partition(":")[2])


def test_the_provenance_has_all_that_it_takes_to_judge_and_reproduce(tuner: Tuner, confirmed: Path) -> None:
    provenance = exported(tuner)["provenance"]
    found = provenance["confirmation"]
    assert found["seeds"]["test"] == [3_000_000, 3_000_001, 3_000_002, 3_000_003, 3_000_004]
    assert found["seeds"]["validation"] == [2_000_000, 2_000_001, 2_000_002]
    assert (found["seeds"]["first_test_goal"], found["test_goals"]) == (6_000_000, 100)
    assert found["measure"] == "success"
    arms = {arm["name"]: arm for arm in found["answer"]["arms"]}
    assert {"winner", "current", "proposed"} == arms.keys()
    assert all(len(arm["values"]) == 5 for arm in arms.values())
    assert all(arm["iqm_interval"]["low"] <= arm["iqm"] <= arm["iqm_interval"]["high"] for arm in arms.values())
    assert all(one["verdict"] and one["words"] in found["verdicts"] for one in found["answer"]["comparisons"])
    assert found["arm"] in arms
    assert provenance["hardware"]["cores"] >= 1
    assert provenance["versions"]["stable-baselines3"]
    assert provenance["budget"] == {
        "timesteps": 384,
        "checkpoints": [64, 128, 192, 256, 320, 384],
        "goals": {"early": 3, "late": 4, "longest": 10_000},
        "trials_asked": 4,
        "trials_run": 4,
        "trials_pruned": 0,
        "steps_run": 1536,
        "sampler": "random",
        "sampler_seed": 1,
        "pruner": "median",
        "space": "toy_space.yaml",
    }
    spec = validate(StudySpec, provenance["spec"], "the export")
    assert spec.space.parameters["learning_rate"].bounds == (1e-5, 1e-2)
    assert [point["step"] for point in provenance["curve"]] == provenance["budget"]["checkpoints"]


def test_another_trial_is_exported_as_not_recommended(tuner: Tuner, confirmed: Path) -> None:
    tested = exported(tuner, "export toy --format json --trial 1")["provenance"]
    assert tested["confirmation"]["arm"] == "proposed"
    if tested["confirmation"]["recommended"] != "proposed":
        assert tested["confirmed"] is False
        assert "Tested over 5 fresh training seeds" in tuner("export toy --trial 1").out.splitlines()[0]


def test_trials_since_the_confirmation_are_noted(tuner: Tuner, confirmed: Path) -> None:
    assert tuner(f"run toy.yaml --sampler random --seed 1 --pruner none --trials 5 {INLINE}").code == 0
    assert "Note: the study has 1 completed trial since" in tuner("export toy").err


def test_an_unfinished_confirmation_does_not_choose(tuner: Tuner, finished: Path) -> None:
    import sqlite3

    assert tuner(f"confirm toy --seeds 3 --top 1 {INLINE}").code == 0
    with sqlite3.connect("studies/tuner.db") as database:
        database.execute("UPDATE trials SET state = 'FAIL' WHERE trial_id = (SELECT max(trial_id) FROM trials)")
    database.close()
    said = tuner("export toy")
    assert "the study's best: its confirmation is not complete" in said.err
    assert "One training seed: not yet confirmed." in said.out.splitlines()[0]
    assert yaml.safe_load(said.out)["provenance"]["confirmed"] is False


def test_a_script_says_whether_it_is_confirmed(tuner: Tuner, confirmed: Path) -> None:
    assert "Confirmed over 5 fresh training seeds" in tuner("export toy --format sb3").out.splitlines()[0]


def test_json_is_the_same_document(tuner: Tuner, confirmed: Path) -> None:
    said = tuner("export toy --format json -o best.json")
    assert said.code == 0
    assert "to best.json" in said.err
    assert json.loads(Path("best.json").read_text()) == exported(tuner) == yaml.safe_load(tuner("export toy").out)


def test_the_file_is_still_a_baseline_of_another_study(tuner: Tuner, confirmed: Path) -> None:
    tuner("export toy -o best.yml")
    taken = read_baseline("best.yml", "tuner_toys:ToyLine-v0")
    assert taken.values["n_steps"] == yaml.safe_load(Path("best.yml").read_text())["ToyLine-v0"]["n_steps"]
    assert set(taken.left) == {"n_envs", "n_timesteps", "policy"}


def test_training_with_other_seeds_is_compared_with_the_confirmation(tuner: Tuner, confirmed: Path) -> None:
    tuner("export toy -o best.yml")
    said = tuner(f"train best.yml --seeds 5 {INLINE}")
    assert said.code == 0, said.err
    assert "The confirmation found IQM" in said.out
    assert "the intervals " in said.out
