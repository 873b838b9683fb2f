"""`tuner show`: one trial in a page, and a study's health in a line."""

import json
import re
from pathlib import Path

import optuna
import pytest
from conftest import Tuner, write_study

from tuner.study.storage import DEFAULT_URL


def test_it_shows_the_best_with_its_curve_and_its_health(tuner: Tuner, finished: Path) -> None:
    said = tuner("show --study toy")
    assert said.code == 0
    best = json.loads(tuner("status toy --json").out)["best"]
    assert said.out.startswith(f"Trial {best['number']}")
    for words in ("score", "seed", "* learning_rate", "  n_epochs", "Success over steps", "384 steps", "Health: "):
        assert words in said.out
    for line in ("approx_kl", "clip_fraction", "policy loss", "gamma"):
        assert line in said.out
    assert "suggestion:" in tuner("show 0 --study toy").out
    assert max(map(len, said.out.splitlines())) <= 80


def test_long_names_of_arguments_stand_apart_from_their_values(tuner: Tuner, tmp_path: Path) -> None:
    dqn = {"algorithm": "dqn", "parameters": {"gamma": {"type": "float", "low": 0.9, "high": 0.99}}}
    fixed = {"train_freq": 8, "learning_starts": 8, "buffer_size": 50, "target_update_interval": 32}
    (tmp_path / "dqn.yaml").write_text(json.dumps({**dqn, "fixed": fixed}))
    path = write_study(tmp_path, environment={"id": "CartPole-v1"}, space="dqn.yaml", baselines={}, trials=1)
    assert tuner(f"run {path} --engine inline").code == 0
    assert re.search(r"^  target_update_interval +32$", tuner("show --study toy").out, flags=re.MULTILINE)


@pytest.mark.parametrize("trial", ["current", "0"])
def test_a_baseline_goes_by_its_name_and_number(tuner: Tuner, finished: Path, trial: str) -> None:
    assert tuner(f"show {trial} --study toy").out.startswith("Trial 0 (baseline current) of study 'toy'")


def test_json_holds_the_series_and_the_diagnosis(tuner: Tuner, finished: Path) -> None:
    data = json.loads(tuner("show 0 --study toy --json").out)
    assert data["number"] == 0
    assert data["end"] == "completed"
    assert data["verdict"] in ("warning", "wrong")
    assert {"name", "verdict", "finding", "suggestion", "symptom"} == set(data["diagnosis"][0])
    assert len(data["health"]["signals"]["approx_kl"]) == data["health"]["updates"] == 12
    assert len(data["curve"]) == 6


@pytest.mark.parametrize("trial", ["99", "proposde", "-1.5", ""])
def test_another_trial_is_refused_with_those_that_there_are(tuner: Tuner, finished: Path, trial: str) -> None:
    said = tuner(f"show --study toy -- '{trial}'")
    assert said.code == 2
    assert len(said.err.splitlines()) == 1
    assert f"no trial called '{trial}'" in said.err
    assert "best, current, proposed" in said.err


def test_status_says_how_healthy_the_trials_were(tuner: Tuner, finished: Path) -> None:
    line = tuner("status toy").out.splitlines()[-1]
    assert re.match(r"health: \d of 4 trials ok, ", line)
    assert "; most common: " in line
    health = json.loads(tuner("status toy --json").out)["health"]
    assert health["judged"] == sum(health["verdicts"].values()) == 4
    assert health["common"][0]["trials"] >= health["common"][-1]["trials"] >= 1


def test_trials_of_before_are_shown_without_a_diagnosis(tuner: Tuner, finished: Path) -> None:
    study = optuna.load_study(study_name="toy", storage=DEFAULT_URL)
    old = optuna.create_study(study_name="old", storage=DEFAULT_URL, direction="maximize")
    old.set_user_attr("spec", study.user_attrs["spec"].replace('"name":"toy"', '"name":"old"'))
    trial = study.trials[0]
    kept = {key: value for key, value in trial.user_attrs.items() if key not in ("health", "diagnosis")}
    old.add_trial(
        optuna.trial.create_trial(
            value=trial.value, params=trial.params, distributions=trial.distributions, user_attrs=kept
        )
    )
    said = tuner("show 0 --study old")
    assert said.code == 0
    assert "Health: not known (made before signals were recorded)" in said.out
    assert "health:" not in tuner("status old").out


def test_the_dashboard_has_the_diagnosis_in_words(finished: Path) -> None:
    trial = optuna.load_study(study_name="toy", storage=DEFAULT_URL).trials[0]
    assert trial.user_attrs["diagnosis"].split()[0] in ("warning", "wrong")
    words = [value for name, value in trial.user_attrs.items() if name.startswith("diagnosis ")]
    assert words
    assert all(value.startswith(("warning: ", "wrong: ")) and value.endswith(")") for value in words)
