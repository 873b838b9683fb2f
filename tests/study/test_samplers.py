"""Samplers in a real study: the stored parameters are the ones that run."""

import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from conftest import write_study
from optuna import Study, create_study, load_study
from optuna.samplers import BaseSampler
from optuna.trial import TrialState

from tuner.config.load import find
from tuner.config.load import load_study as load_spec
from tuner.config.model import Sampler, StudySpec
from tuner.study.samplers import STARTUP_TRIALS, distributions, make_sampler
from tuner.study.storage import artifact_folder, open_to_write, parse_url
from tuner.study.writer import StudyWriter

KINDS: list[Sampler] = ["tpe", "gp", "random", "qmc"]
QMC_SEED = 3

pytestmark = pytest.mark.filterwarnings("ignore:QMCSampler is experimental")  # tested separately


@pytest.fixture
def spec(tmp_path: Path) -> StudySpec:
    return load_spec(find("studies", str(write_study(tmp_path, baselines={}))))


def make_study(folder: Path, sampler: BaseSampler) -> Study:
    storage = open_to_write(parse_url(f"sqlite:///{folder}/toy.db"))
    return create_study(storage=storage, study_name="toy", direction="maximize", sampler=sampler)


def play(study: Study, spec: StudySpec, trials: int) -> list[dict[str, Any]]:
    """Asks and tells, the larger the learning rate the better; returns the parameters."""
    found = []
    for _ in range(trials):
        trial = study.ask(fixed_distributions=distributions(spec.space))
        study.tell(trial, trial.params["learning_rate"])
        found.append(dict(trial.params))
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [None, 1], ids=["unseeded", "seeded"])
def test_what_is_stored_is_what_runs(kind: Sampler, seed: int | None, spec: StudySpec, tmp_path: Path) -> None:
    study = make_study(tmp_path, make_sampler(kind, spec.space, seed, QMC_SEED))
    handed_out = play(study, spec, 15 if kind == "gp" else 40)  # a Gaussian process takes its time
    stored = [trial.params for trial in study.get_trials()]
    assert stored == handed_out
    assert {params["n_steps"] for params in stored} <= {16, 32, 64}
    assert {params["batch_size"] for params in stored} <= {4, 8, 16, 32}
    assert [params for params in stored if params["batch_size"] >= params["n_steps"]] == []
    assert all(1e-5 <= params["learning_rate"] <= 1e-2 for params in stored)


def test_random_draws_every_power_about_equally_often(spec: StudySpec, tmp_path: Path) -> None:
    study = make_study(tmp_path, make_sampler("random", spec.space, 1, QMC_SEED))
    counts = Counter(params["n_steps"] for params in play(study, spec, 90))
    assert min(counts[value] for value in (16, 32, 64)) >= 18  # 30 expected, 4.5 standard deviation


@pytest.mark.parametrize("kind", ["tpe", "qmc"])
def test_all_dimensions_stay_relative(kind: Sampler, spec: StudySpec, tmp_path: Path) -> None:
    sampler = make_sampler(kind, spec.space, 1, QMC_SEED)
    study = make_study(tmp_path, sampler)
    play(study, spec, STARTUP_TRIALS)
    trial = study.ask()
    frozen = study.get_trials()[trial.number]
    space = sampler.infer_relative_search_space(study, frozen)
    assert space.keys() == spec.space.parameters.keys()
    sampled = sampler.sample_relative(study, frozen, space)
    assert sampled.keys() == spec.space.parameters.keys()
    assert sampled["batch_size"] < sampled["n_steps"]


@pytest.mark.parametrize("state", [TrialState.FAIL, TrialState.PRUNED])
def test_tpe_keeps_its_dimensions_beside_trials_that_did_not_complete(
    state: TrialState, spec: StudySpec, tmp_path: Path
) -> None:
    sampler = make_sampler("tpe", spec.space, 1, QMC_SEED)
    study = make_study(tmp_path, sampler)
    play(study, spec, STARTUP_TRIALS)
    study.tell(study.ask(fixed_distributions=distributions(spec.space)), state=state)
    trial = study.ask()
    frozen = study.get_trials()[trial.number]
    assert sampler.infer_relative_search_space(study, frozen).keys() == spec.space.parameters.keys()


@pytest.mark.parametrize("kind", KINDS)
def test_a_resumed_seeded_run_samples_as_if_it_had_not_stopped(kind: Sampler, spec: StudySpec, tmp_path: Path) -> None:
    seeded = spec.model_copy(update={"sampler": kind, "seed": 5})
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    for folder in (whole, parts):
        folder.mkdir()
    in_one_go = ask_and_complete(whole, seeded, 12)
    in_parts = [params for _ in range(3) for params in ask_and_complete(parts, seeded, 4)]
    assert in_parts == in_one_go
    assert len({params["learning_rate"] for params in in_parts}) >= (
        10 if kind == "gp" else 12
    )  # gp returns to a bound


@pytest.mark.parametrize("kind", KINDS)
def test_a_resumed_unseeded_run_repeats_nothing(kind: Sampler, spec: StudySpec, tmp_path: Path) -> None:
    unseeded = spec.model_copy(update={"sampler": kind})
    found = [params["learning_rate"] for _ in range(3) for params in ask_and_complete(tmp_path, unseeded, 3)]
    assert len(set(found)) == 9


def ask_and_complete(folder: Path, spec: StudySpec, trials: int) -> list[dict[str, Any]]:
    """One run of a command: the study opened, trials asked and completed."""
    url = parse_url(f"sqlite:///{folder}/toy.db")
    writer, _ = StudyWriter.open(open_to_write(url), spec, artifact_folder(url))
    found = []
    for _ in range(trials):
        asked = writer.ask()
        writer.complete(asked.number, asked.params["learning_rate"], {})
        found.append(asked.params)
    return found


def test_the_same_seed_gives_the_same_trial_the_same_parameters(spec: StudySpec, tmp_path: Path) -> None:
    sampler = make_sampler("random", spec.space, 5, QMC_SEED)
    first = play(make_study(tmp_path, sampler), spec, 3)
    storage = open_to_write(parse_url(f"sqlite:///{tmp_path}/other.db"))
    other = create_study(storage=storage, study_name="other", sampler=make_sampler("random", spec.space, 5, QMC_SEED))
    other.enqueue_trial({"learning_rate": 1e-3, "n_steps": 64, "batch_size": 4})  # takes number 0 without sampling
    assert play(other, spec, 3)[1:] == first[1:]
    assert load_study(storage=storage, study_name="other").trials[0].params["learning_rate"] == 1e-3


@pytest.mark.parametrize("kind", KINDS)
def test_a_sampler_is_made_without_a_warning(kind: Sampler, spec: StudySpec) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        make_sampler(kind, spec.space, 1, QMC_SEED)
    assert [str(warning.message) for warning in caught] == []
