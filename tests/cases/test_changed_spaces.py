"""A space that changes: what the refusal offers, widening a study in place, and another study that learns from it."""

import json
from pathlib import Path
from typing import Any

import optuna
import pytest
import yaml
from conftest import SPACE, Tuner, write_study

from tuner.app.resolve import storage_url
from tuner.study.storage import open_to_write

RUN = "--engine inline --skip-check --sampler random --seed 1 --finals off"


def space(changes: dict[str, Any], folder: Path) -> None:
    """Writes the toy study's space with changed parameters."""
    parameters = {name: {**parameter, **changes.get(name, {})} for name, parameter in SPACE["parameters"].items()}
    parameters |= {name: one for name, one in changes.items() if name not in parameters}
    (folder / "toy_space.yaml").write_text(yaml.safe_dump({**SPACE, "parameters": parameters}))


WIDER = {"learning_rate": {"high": 0.1}, "batch_size": {"low": 2}}


def trials(name: str) -> list[optuna.trial.FrozenTrial]:
    return optuna.load_study(storage=open_to_write(storage_url(None)), study_name=name).trials


def test_the_refusal_names_the_ways_on(tuner: Tuner, finished: Path) -> None:
    space(WIDER, finished.parent)
    said = tuner(f"run {finished} --trials 6 {RUN}")
    assert said.code != 0
    for words in ("learning_rate", "--name", "`--from toy --all`", "--extend"):
        assert words in said.err, said.err
    space({"learning_rate": {"low": 0.0001, "high": 0.001}}, finished.parent)  # narrower
    said = tuner(f"run {finished} --trials 6 {RUN}")
    assert "`--from toy --all`" in said.err
    assert "--extend" not in said.err
    space({}, finished.parent)
    said = tuner(f"run {write_study(finished.parent, timesteps=768)} --trials 6 {RUN}")
    assert "--name" in said.err
    assert "--all" not in said.err  # scores of longer trainings mean something else


def test_a_study_is_widened_in_place(tuner: Tuner, finished: Path) -> None:
    before = trials("toy")
    space(WIDER, finished.parent)
    said = tuner(f"run {finished} --trials 8 {RUN} --extend")
    assert said.code == 0, said.err
    assert "Since the last run, learning_rate was" in said.err
    after = trials("toy")
    assert [trial.params for trial in after[: len(before)]] == [trial.params for trial in before]
    assert len(after) == 8
    ranges = {json.dumps(str(trial.distributions["learning_rate"])) for trial in after if trial.params}
    assert len(ranges) == 1  # of before and of now, so that samplers see one space
    again = tuner(f"run {finished} --trials 8 {RUN}")
    assert "Nothing to do" in again.err
    for line in ("status toy", "report toy -o page.html", "export toy -o best.yml"):
        assert tuner(line).code == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"learning_rate": {"high": 0.0005}},
        {"learning_rate": {"low": 1e-6, "high": 0.005, "scale": "linear"}},
        {"batch_size": {"scale": "log"}},
        {"learning_rate": {"high": 0.1}, "batch_size": {"low": 8}},
    ],
)
def test_only_ranges_that_grew_are_widened(tuner: Tuner, finished: Path, changes: dict[str, Any]) -> None:
    before = [(trial.params, str(trial.distributions)) for trial in trials("toy")]
    space(changes, finished.parent)
    said = tuner(f"run {finished} --trials 8 {RUN} --extend")
    assert said.code == 1, said.err
    assert "already exists with a different configuration" in said.err
    assert [(trial.params, str(trial.distributions)) for trial in trials("toy")] == before


def test_a_new_study_learns_from_trials_that_fit(tuner: Tuner, finished: Path) -> None:
    assert tuner(f"run {finished} --trials 10 {RUN}").code == 0
    old = trials("toy")
    middle = sorted(trial.params["learning_rate"] for trial in old)[4]
    space({"learning_rate": {"low": middle}, "batch_size": {"low": 2}}, finished.parent)
    said = tuner(f"run {finished} --name second --trials 5 {RUN} --no-baselines --from toy --all --json")
    assert said.code == 0, said.err
    result = json.loads(said.out)
    fit = [trial for trial in old if trial.params["learning_rate"] >= middle]
    assert 0 < len(fit) < 10
    assert f"{len(fit)} of 10 trials of study 'toy' fit into this space" in said.err
    assert (result["finished"], result["counts"]["complete"] + result["counts"]["pruned"]) == (5, 5)
    carried = [trial for trial in trials("second") if "carried_from" in trial.user_attrs]
    assert [(one.params, one.value, one.intermediate_values, one.state) for one in carried] == [
        (one.params, one.value if one.state.name == "COMPLETE" else None, one.intermediate_values, one.state)
        for one in fit
    ]
    listed = json.loads(tuner("status second --trials --json").out)
    assert len(listed["trials"]) == 5
    again = tuner(f"run {finished} --name second --trials 6 {RUN} --no-baselines --from toy --all")
    assert "0 of them new" in again.err
    assert len([trial for trial in trials("second") if "carried_from" in trial.user_attrs]) == len(fit)
    for line in ("status second", "show --study second", "report second -o page.html", "export second -o best.yml"):
        assert tuner(line).code == 0, line


@pytest.mark.parametrize(
    ("changes", "options", "words"),
    [
        ({"timesteps": 768}, "--from toy --all --name other", "its scores are not comparable: timesteps"),
        ({"goals": {"early": 3, "late": 9}}, "--from toy --all --name other", "not comparable: goals.late"),
        ({}, "--all", "--all: of which study? give --from STUDY as well"),
        ({}, "--extend --from toy --name other", "give one of them"),
        ({}, "--staged --from toy --all --name other", "leave out --all and --extend"),
        ({}, "--from nothing --all --name other", "no study in the database called 'nothing'"),
    ],
)
def test_what_cannot_be_carried_is_refused_before_anything_is_written(
    tuner: Tuner, finished: Path, changes: dict[str, Any], options: str, words: str
) -> None:
    study = write_study(finished.parent, "own", **changes)
    said = tuner(f"run {study} --trials 4 {RUN} {options}")
    assert said.code != 0
    assert words in said.err, said.err
    with pytest.raises(KeyError):
        trials("other")
