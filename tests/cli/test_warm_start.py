"""Warm starts from the command line."""

import json
from pathlib import Path

import pytest
from conftest import Tuner


def roles(out: str) -> list[str]:
    return [row["role"] for row in json.loads(out)["baselines"]]


def test_an_export_of_ours_becomes_a_baseline_of_another_study(tuner: Tuner, finished: Path) -> None:
    assert tuner("export toy -o best.yml").code == 0
    said = tuner("run toy.yaml --name other --trials 3 --engine inline --baseline best.yml --json")
    assert said.code == 0, said.err
    assert roles(said.out) == ["baseline:current", "baseline:proposed", "baseline:best"]
    assert "Baseline 'best' from best.yml; not for a baseline, and left out: n_envs, n_timesteps, policy" in said.err


def test_another_studys_best_is_where_a_study_starts(tuner: Tuner, finished: Path) -> None:
    best = json.loads(tuner("status toy --json").out)["best"]
    said = tuner("run toy.yaml --name other --trials 3 --engine inline --from toy --json")
    assert said.code == 0, said.err
    row = json.loads(said.out)["baselines"][-1]
    assert (row["role"], row["arguments"]) == ("baseline:from-toy", best["arguments"])
    again = tuner("run toy.yaml --name other --trials 3 --engine inline --from toy --json")
    assert "Nothing to do" in again.err


def test_a_baseline_for_which_there_is_no_trial_left_is_said_to_wait(tuner: Tuner, finished: Path) -> None:
    tuner("export toy -o best.yml")
    said = tuner("run toy.yaml --engine inline --baseline best.yml")
    assert "Nothing to do" in said.err
    assert "Baseline best has yet to run: --trials 5 or more" in said.err
    more = tuner("run toy.yaml --engine inline --baseline best.yml --trials 5 --json")
    assert roles(more.out)[-1] == "baseline:best"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--from nothing", "no study in the database called 'nothing'"),
        ("--from toy", "--from toy: is this study itself"),
        ("--baseline nowhere.yml", "cannot read nowhere.yml"),
    ],
)
def test_what_cannot_be_started_from_is_said(tuner: Tuner, finished: Path, options: str, said: str) -> None:
    found = tuner(f"run toy.yaml --trials 5 --engine inline {options}")
    assert found.code == 2
    assert said in found.err
    assert len(found.err.splitlines()) == 1
