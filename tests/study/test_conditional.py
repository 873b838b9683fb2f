"""Conditional parameters in a real study: sampled where they apply, enqueued, retried, sampled jointly."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import SPACE, write_study
from optuna.trial import TrialState

from tuner.config.load import find, load_study
from tuner.config.model import Sampler, StudySpec
from tuner.records import TrialOutcome
from tuner.study.samplers import STARTUP_TRIALS
from tuner.study.storage import artifact_folder, open_to_write, parse_url
from tuner.study.stored import meaning_hash
from tuner.study.writer import StudyWriter

CONDITIONAL: dict[str, Any] = {
    "learning_rate_schedule": {"type": "choice", "choices": ["constant", "linear"]},
    "learning_rate_final": {
        "type": "float",
        "low": 1e-7,
        "high": 1e-5,
        "scale": "log",
        "when": {"learning_rate_schedule": "linear"},
    },
    "gamma": {"type": "float", "low": 0.9, "high": 0.99, "when": {"learning_rate_schedule": "linear"}},
}
ALWAYS = {"learning_rate", "n_steps", "batch_size", "learning_rate_schedule"}
EVERY = ALWAYS | {"learning_rate_final", "gamma"}
BASELINES = {
    "staying": {"learning_rate": 3e-4, "n_steps": 32, "batch_size": 8},
    "falling": {"learning_rate": "lin_3e-4_1e-6", "n_steps": 32, "batch_size": 8, "gamma": 0.95},
}


def make_spec(folder: Path, **changes: Any) -> StudySpec:
    path = write_study(folder, **{"baselines": {}, **changes})
    space = {"parameters": SPACE["parameters"] | CONDITIONAL, "fixed": {"gamma": 0.5}}
    (folder / "toy_space.yaml").write_text(yaml.safe_dump(space))
    return load_study(find("studies", str(path)))


def open_writer(folder: Path, spec: StudySpec) -> StudyWriter:
    url = parse_url(f"sqlite:///{folder}/toy.db")
    return StudyWriter.open(open_to_write(url), spec, artifact_folder(url))[0]


@pytest.mark.filterwarnings("ignore:QMCSampler is experimental")
@pytest.mark.parametrize("kind", ["tpe", "random", "qmc"])
def test_what_is_stored_is_what_applies(kind: Sampler, tmp_path: Path) -> None:
    writer = open_writer(tmp_path, make_spec(tmp_path, sampler=kind, seed=1))
    forms = set()
    for _ in range(30):
        asked = writer.ask()
        linear = asked.params["learning_rate_schedule"] == "linear"
        assert asked.params.keys() == (EVERY if linear else ALWAYS)
        forms.add(linear)
        writer.complete(asked.number, asked.params["learning_rate"], {})
    assert forms == {True, False}


def test_tpe_stays_joint_over_what_applies_together(tmp_path: Path) -> None:
    writer = open_writer(tmp_path, make_spec(tmp_path, seed=1))
    for _ in range(STARTUP_TRIALS + 5):
        asked = writer.ask()
        writer.complete(asked.number, asked.params["learning_rate"], {})
    trial = writer.study.ask()
    sampler = writer.study.sampler
    frozen = writer.study.get_trials()[trial.number]
    space = sampler.infer_relative_search_space(writer.study, frozen)
    assert space.keys() == EVERY
    assert sampler.sample_relative(writer.study, frozen, space).keys() == EVERY


def test_baselines_take_their_own_branch(tmp_path: Path) -> None:
    writer = open_writer(tmp_path, make_spec(tmp_path, baselines=BASELINES))
    writer.enqueue_baselines()
    falling, staying = writer.ask(), writer.ask()  # the file's order
    assert (staying.role, falling.role) == ("baseline:staying", "baseline:falling")
    assert staying.params.keys() == ALWAYS
    assert staying.params["learning_rate_schedule"] == "constant"
    assert falling.params.items() >= {"learning_rate_schedule": "linear", "learning_rate_final": 1e-6}.items()
    assert staying.overrides == falling.overrides == {}


@pytest.mark.parametrize("role", ["staying", "falling"])
def test_a_trial_of_either_branch_is_tried_again(role: str, tmp_path: Path) -> None:
    spec = make_spec(tmp_path, baselines={role: BASELINES[role]})
    writer = open_writer(tmp_path, spec)
    writer.enqueue_baselines()
    asked = writer.ask()
    assert writer.fail(asked.number, TrialOutcome(state="failed", reason="the gripper fell off"))
    again = writer.ask()
    assert (again.retry_of, again.params, again.seed) == (asked.number, asked.params, asked.seed)


def test_a_trial_that_was_lost_before_its_condition_was_looked_at_is_not_tried_again(tmp_path: Path) -> None:
    spec = make_spec(tmp_path)
    writer = open_writer(tmp_path, spec)
    trial = writer.study.ask()
    trial.suggest_categorical("learning_rate_schedule", ["constant", "linear"])
    again = open_writer(tmp_path, spec)
    assert again.recover() == 0
    assert [found.state for found in again.study.get_trials()] == [TrialState.FAIL]


def test_a_condition_is_part_of_a_studys_meaning_and_its_absence_is_not(tmp_path: Path) -> None:
    plain = load_study(find("studies", str(write_study(tmp_path))))
    assert all("when" not in value for value in plain.meaning().values() if isinstance(value, dict))
    conditional = make_spec(tmp_path)
    assert conditional.meaning()["space.gamma"]["when"] == {"learning_rate_schedule": ["linear"]}
    assert meaning_hash(conditional) != meaning_hash(plain)


def test_a_resumed_seeded_run_samples_as_if_it_had_not_stopped(tmp_path: Path) -> None:
    spec = make_spec(tmp_path, seed=5)
    found: dict[str, list[dict[str, Any]]] = {"whole": [], "parts": []}
    for name, opened, trials in (("whole", 1, STARTUP_TRIALS + 6), ("parts", 2, (STARTUP_TRIALS + 6) // 2)):
        (tmp_path / name).mkdir()
        for _ in range(opened):
            writer = open_writer(tmp_path / name, spec)
            for _ in range(trials):
                asked = writer.ask()
                writer.complete(asked.number, asked.params["learning_rate"], {})
                found[name].append(asked.params)
    assert found["parts"] == found["whole"]
