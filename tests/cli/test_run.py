"""`tuner run` from file to answer, with real training in a toy environment."""

import json
from pathlib import Path

import pytest
from conftest import Tuner, write_study

from tuner.app.resolve import open_study

ROLES = {"baseline:current", "baseline:proposed"}


def test_a_run_ends_with_the_answer_and_what_comes_next(tuner: Tuner, toy_study: Path) -> None:
    said = tuner(f"run {toy_study} --trials 3 --engine inline")
    assert said.code == 0
    assert "3 trials on 1 worker: about" in said.err
    for words in ("3 of 3 trials finished", "current", "proposed", "learning_rate", "tuner export toy -o best.yml"):
        assert words in said.out


def test_the_same_command_again_starts_nothing_and_more_trials_start_just_those(tuner: Tuner, finished: Path) -> None:
    before = json.loads(tuner("status toy --trials --json").out)
    again = tuner(f"run {finished} --engine inline")
    assert again.code == 0
    assert "Nothing to do: the study has 4 finished trials of 4" in again.err
    assert json.loads(tuner("status toy --trials --json").out) == before
    more = tuner(f"run {finished} --trials 6 --engine inline --json")
    assert json.loads(more.out)["finished"] == 6
    trials = json.loads(tuner("status toy --trials --json").out)["trials"]
    assert [trial["number"] for trial in trials] == list(range(6))
    assert {trial["role"] for trial in trials if trial["role"]} == ROLES


def test_a_seeded_run_taken_up_again_does_not_repeat_its_draws(tuner: Tuner, finished: Path) -> None:
    tuner(f"run {finished} --trials 8 --engine inline --sampler random --seed 1")
    trials = json.loads(tuner("status toy --trials --json").out)["trials"]
    rates = [trial["arguments"]["learning_rate"] for trial in trials]
    assert len(set(rates)) == len(rates)


def test_the_proposed_baseline_trains_with_its_own_epochs(tuner: Tuner, finished: Path) -> None:
    trials = open_study("toy", None).rows
    seen = {trial.attributes.get("role"): trial.attributes["arguments"] for trial in trials}
    assert seen["baseline:proposed"]["n_epochs"] == 2
    assert seen["baseline:current"]["n_epochs"] == 1


def test_processes_and_inline_give_the_same_scores(tuner: Tuner, toy_study: Path) -> None:
    values = []
    for engine in ("processes --workers 2", "inline"):
        name = f"by-{engine.split()[0]}"
        said = tuner(f"run {toy_study} --trials 4 --sampler random --seed 5 --name {name} --engine {engine}")
        assert said.code == 0, said.err
        trials = json.loads(tuner(f"status {name} --trials --json").out)["trials"]
        values.append([(trial["value"], trial["arguments"]) for trial in trials])
    assert values[0] == values[1]


def test_a_stored_study_goes_on_without_its_file(tuner: Tuner, finished: Path) -> None:
    finished.unlink()
    said = tuner("run toy --trials 5 --engine inline")
    assert said.code == 0
    assert "stored in" in said.err
    assert "5 of 5 trials finished" in said.out


def test_sampler_and_pruner_may_change_and_the_change_is_said(tuner: Tuner, finished: Path) -> None:
    said = tuner(f"run {finished} --trials 5 --sampler qmc --pruner halving --engine inline")
    assert said.code == 0
    assert "sampler was 'random' and is now 'qmc'" in said.err
    assert "pruner was 'median' and is now 'halving'" in said.err


def test_a_budget_is_rounded_up_with_a_word(tuner: Tuner, tmp_path: Path) -> None:
    path = write_study(tmp_path, checkpoints=3, trials=2)
    said = tuner(f"run {path} --timesteps 150 --engine inline")
    assert said.code == 0
    assert "150 steps were rounded up to 192" in said.err
    assert "With 3 checkpoints pruning will save little" in said.err


def test_an_environment_without_success_is_scored_by_its_return(tuner: Tuner, tmp_path: Path) -> None:
    path = write_study(tmp_path, environment={"id": "tuner_toys:ToyPlain-v0"}, trials=2)
    said = tuner(f"run {path} --engine inline --json")
    best = json.loads(said.out)["best"]
    assert best["success"] is None
    assert best["value"] is not None


def test_nothing_of_a_run_lands_elsewhere(tmp_path: Path, finished: Path) -> None:
    assert {path.name for path in tmp_path.iterdir()} == {"studies", "toy.yaml", "toy_space.yaml"}
    names = {path.name for path in (tmp_path / "studies").iterdir()}
    assert {"tuner.db", "tuner.artifacts", "tuner.db.toy.lock"} <= names


@pytest.mark.parametrize("kind", ["envs", "spaces", "studies"])
def test_lists_name_what_there_is(tuner: Tuner, kind: str) -> None:
    said = tuner(f"list {kind}")
    assert said.code == 0
    assert {"envs": "RoArmReach-v0", "spaces": "ppo_guide", "studies": "smoke"}[kind] in said.out


def test_help_and_version(tuner: Tuner) -> None:
    assert "export" in tuner("--help").out
    assert tuner("").out == tuner("--help").out
    assert tuner("--version").out.strip()[0].isdigit()


def test_a_stored_study_takes_changes_under_a_new_name(tuner: Tuner, finished: Path) -> None:
    finished.unlink()
    said = tuner("run toy --name other --timesteps 500 --trials 2 --engine inline --json")
    assert said.code == 0, said.err
    assert "500 steps were rounded up to 512" in said.err
    assert json.loads(said.out)["study"] == "other"
    assert json.loads(tuner("status toy --json").out)["finished"] == 4


def test_another_environment_gets_a_study_of_its_own(tuner: Tuner, finished: Path) -> None:
    said = tuner(f"run {finished} --env tuner_toys:ToyPlain-v0 --trials 2 --engine inline --json")
    assert said.code == 0, said.err
    assert json.loads(said.out)["study"] == "toy-ToyPlain-v0"
