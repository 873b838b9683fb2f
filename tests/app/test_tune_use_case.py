"""Tuning from file to answer, with real training in a toy environment."""

import contextlib
import importlib.util
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import write_study
from use_cases import INLINE, Told

from tuner.app import events
from tuner.app.engine_options import EngineOptions
from tuner.app.resolve import open_study
from tuner.app.status import read_status
from tuner.app.tune import TuneRequest, tune
from tuner.arithmetic import COMPILED, NUMPY, arithmetic
from tuner.study.rows import Row
from tuner.study.stored import SettingChange

ROLES = {"baseline:current", "baseline:proposed"}
RUN = TuneRequest(study="toy.yaml", engine=INLINE)
STORED = TuneRequest(study="toy", engine=INLINE)
TENSORBOARD = importlib.util.find_spec("tensorboard") is not None


def rows(name: str = "toy") -> list[Row]:
    return open_study(name, None).rows


def test_a_run_ends_with_the_answer(told: Told, toy_study: Path) -> None:
    found = tune(replace(RUN, changes={"trials": 3}), told)
    whole = found.whole
    assert whole is not None
    assert (whole.study, whole.finished, whole.target) == ("toy", 3, 3)
    assert whole.best is not None
    assert {row.role for row in whole.baselines} == ROLES
    assert [type(event) for event in told.events if not isinstance(event, events.EnvironmentWarnings)] == [
        events.StudyAnnounced,
        events.EnvironmentLook,
        events.SpeedMeasured,
        events.RunEstimated,
    ]
    assert [(one.missing, one.workers) for one in told.of(events.RunEstimated)] == [(3, 1)]


def test_the_same_again_starts_nothing_and_more_trials_start_just_those(told: Told, finished: Path) -> None:
    before = rows()
    again = tune(RUN, told)
    assert told.of(events.NothingToRun) == [events.NothingToRun(what="trial", finished=4, target=4)]
    assert again.whole is not None
    assert rows() == before
    more = tune(replace(RUN, changes={"trials": 6}), told)
    assert more.summaries[0].finished == 6
    trials = rows()
    assert trials[:4] == before
    assert [trial.number for trial in trials] == list(range(6))
    assert {trial.role for trial in trials if trial.role} == ROLES


def test_a_seeded_run_taken_up_again_does_not_repeat_its_draws(told: Told, finished: Path) -> None:
    tune(replace(RUN, changes={"trials": 8, "sampler": "random", "seed": 1}), told)
    rates = [trial.arguments["learning_rate"] for trial in rows()]
    assert len(rates) == 8
    assert len(set(rates)) == len(rates)


def test_the_proposed_baseline_trains_with_its_own_epochs(finished: Path) -> None:
    seen = {trial.attributes.get("role"): trial.attributes["arguments"] for trial in rows()}
    assert seen["baseline:proposed"]["n_epochs"] == 2
    assert seen["baseline:current"]["n_epochs"] == 1


def test_processes_and_inline_give_the_same_scores(told: Told, toy_study: Path) -> None:
    values = []
    for engine in (EngineOptions(workers=2), INLINE):
        name = f"by-{engine.engine}"
        tune(replace(RUN, name=name, engine=engine, changes={"sampler": "random", "seed": 5}), told)
        values.append([(trial.value, trial.arguments) for trial in rows(name)])
    assert len(values[0]) == 4
    assert values[0] == values[1]


def test_a_stored_study_goes_on_without_its_file(told: Told, finished: Path) -> None:
    finished.unlink()
    found = tune(replace(STORED, changes={"trials": 5}), told)
    assert told.of(events.StudyAnnounced)[0].source.startswith("stored in ")
    assert (found.summaries[0].finished, found.summaries[0].target) == (5, 5)


def test_sampler_and_pruner_may_change_and_the_change_is_told(told: Told, finished: Path) -> None:
    found = tune(replace(RUN, changes={"trials": 5, "sampler": "qmc", "pruner": "halving"}), told)
    assert found.summaries[0].finished == 5
    [changed] = told.of(events.SettingsChanged)
    assert SettingChange(name="sampler", before="random", now="qmc") in changed.changes
    assert SettingChange(name="pruner", before="median", now="halving") in changed.changes


def test_other_arithmetic_than_before_is_told(told: Told, finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tune(replace(STORED, changes={"trials": 5}), told)
    assert not told.of(events.ArithmeticChanged)
    other = {COMPILED: NUMPY, NUMPY: COMPILED}
    before = arithmetic()
    monkeypatch.setattr("tuner.app.tune.arithmetic", lambda: other[before])
    tune(replace(STORED, changes={"trials": 6}), told)
    [changed] = told.of(events.ArithmeticChanged)
    assert (changed.before, changed.now) == (before, other[before])


REPLAY = {"learning_starts": 16, "batch_size": 8, "train_freq": 4}
CART: dict[str, Any] = {"environment": {"id": "CartPole-v1"}, "space": "cart_space.yaml", "baselines": {}, "trials": 1}


@pytest.fixture
def of_dqn(told: Told, tmp_path: Path) -> Path:
    """The database of a study of DQN with a trial, stored as `toy`."""
    rate = {"type": "float", "low": 1e-4, "high": 1e-3, "scale": "log"}
    space = {"algorithm": "dqn", "parameters": {"learning_rate": rate}, "fixed": REPLAY}
    (tmp_path / "cart_space.yaml").write_text(yaml.safe_dump(space))
    write_study(tmp_path, **CART)
    tune(RUN, told)
    [row] = rows()
    assert (row.attributes["trainer"], row.attributes["arithmetic"]) == ("fused", arithmetic())
    return tmp_path / "studies" / "tuner.db"


@pytest.mark.parametrize("trainer", ["auto", "sb3"])
def test_dqn_by_sb3s_code_and_now_by_the_faster_class_is_told(told: Told, of_dqn: Path, trainer: str) -> None:
    with contextlib.closing(sqlite3.connect(of_dqn)) as database, database:
        change = "UPDATE trial_user_attributes SET value_json = ? WHERE key = ?"
        database.execute(change, ('"sb3"', "trainer"))  # as trials were stored before there was such a class
    write_study(of_dqn.parent.parent, **{**CART, "trainer": trainer, "trials": 2})
    tune(RUN, told)
    expected = [events.ArithmeticChanged(before="sb3", now=arithmetic())]
    assert told.of(events.ArithmeticChanged) == (expected if trainer == "auto" else [])
    assert rows()[-1].attributes["arithmetic"] == (arithmetic() if trainer == "auto" else "sb3")
    tune(replace(RUN, changes={"trials": 3}), told)
    assert len(told.of(events.ArithmeticChanged)) == (trainer == "auto")


def test_a_budget_is_rounded_up_and_told(told: Told, tmp_path: Path) -> None:
    write_study(tmp_path, checkpoints=3, trials=2)
    found = tune(replace(RUN, changes={"timesteps": 150}), told)
    [announced] = told.of(events.StudyAnnounced)
    assert (announced.timesteps_asked, announced.spec.timesteps, len(announced.spec.plan())) == (150, 192, 3)
    assert found.summaries[0].finished == 2
    assert {row.steps for row in rows()} == {192}


def test_an_environment_without_success_is_scored_by_its_return(told: Told, tmp_path: Path) -> None:
    write_study(tmp_path, environment={"id": "tuner_toys:ToyPlain-v0"}, trials=2)
    winner = tune(RUN, told).summaries[0].best
    assert winner is not None
    assert winner.success is None
    assert winner.value is not None


def test_nothing_of_a_run_lands_elsewhere(told: Told, tmp_path: Path, finished: Path) -> None:
    tune(replace(RUN, changes={"trials": 5}), told)
    assert {path.name for path in tmp_path.iterdir()} == {"studies", "toy.yaml", "toy_space.yaml"}
    names = {path.name for path in (tmp_path / "studies").iterdir()}
    assert {"tuner.db", "tuner.artifacts", "tuner.db.toy.study-lock"} <= names


def test_a_stored_study_takes_changes_under_a_new_name(told: Told, finished: Path) -> None:
    finished.unlink()
    found = tune(replace(STORED, name="other", changes={"timesteps": 500, "trials": 2}), told)
    [announced] = told.of(events.StudyAnnounced)
    assert (announced.timesteps_asked, announced.spec.timesteps) == (500, 512)
    assert (found.summaries[0].study, found.summaries[0].finished) == ("other", 2)
    assert read_status("toy", None).summary.finished == 4


def test_another_environment_gets_a_study_of_its_own(told: Told, finished: Path) -> None:
    found = tune(replace(RUN, environment="tuner_toys:ToyPlain-v0", changes={"trials": 2}), told)
    assert (found.summaries[0].study, found.summaries[0].finished) == ("toy-ToyPlain-v0", 2)


@pytest.mark.skipif(not TENSORBOARD, reason="no TensorBoard here")
def test_the_curves_of_every_trial_have_their_folder(told: Told, tmp_path: Path, toy_study: Path) -> None:
    curves = tmp_path / "curves"
    tune(replace(RUN, name="mine", curves=curves, skip_check=True, changes={"trials": 2}), told)
    assert told.of(events.CurvesAnnounced) == [events.CurvesAnnounced(folder=curves, shared=False)]
    written = {str(path.parent) for path in Path("curves").rglob("events.*")}
    assert written == {"curves/mine/trial-0", "curves/mine/trial-1"}
