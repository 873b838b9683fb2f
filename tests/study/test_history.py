"""Reading a whole history at once: what Optuna reads, faster; and light, without what is large."""

import math
from typing import Any

import optuna
import pytest
from optuna import Study
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.storages import BaseStorage, RDBStorage
from optuna.trial import TrialState, create_trial
from sqlalchemy import create_engine
from sqlalchemy.engine import URL

from tuner.results.told_lines import health_words, problems
from tuner.study.history import CHUNK, HEAVY, Attributes, HeavyAttributes, HistoryStorage, heavy_of, light
from tuner.study.page_storage import MOST_CURVES, open_for_pages
from tuner.study.storage import open_to_read, open_to_write

SPACE: dict[str, Any] = {
    "rate": FloatDistribution(1e-5, 1e-2, log=True),
    "size": IntDistribution(32, 512),
    "net": CategoricalDistribution(["small", None, 2]),
}
PARAMS = {"rate": 0.001, "size": 64, "net": "small"}
HEALTH = {"signals": {"loss": [1.5, None]}}


def filled(url: URL) -> Study:
    """A study with a trial of every kind, after another study's."""
    storage = open_to_write(url)
    optuna.create_study(storage=storage, study_name="other").add_trial(create_trial(value=0.0))
    study = optuna.create_study(storage=storage, study_name="toy", direction="maximize")
    curve = {1: 0.5, 10: math.nan, 2: -math.inf, 3: 0.1 + 0.2}
    attributes = {"health": HEALTH, "curve": [{"step": 1}], "seed": 2**53 + 1, "text": "로봇 “x”"}
    study.add_trial(
        create_trial(
            params=PARAMS, distributions=SPACE, value=math.inf, user_attrs=attributes, intermediate_values=curve
        )
    )
    study.add_trial(create_trial(state=TrialState.PRUNED, params={"net": None}, distributions={"net": SPACE["net"]}))
    study.add_trial(create_trial(state=TrialState.FAIL, user_attrs={"failure": "", "curve": []}))
    study.enqueue_trial({"rate": 0.002}, user_attrs={"role": "baseline:a"})
    running = study.ask(SPACE)
    running.report(0.25, 7)
    study.enqueue_trial({"rate": 0.003})
    return study


def reading(url: URL, *, light: bool = False) -> tuple[HistoryStorage, Study]:
    storage: Any = open_to_read(url, light=light)
    backend = storage._backend
    assert isinstance(backend, HistoryStorage)
    return backend, optuna.load_study(storage=storage, study_name="toy")


def test_a_history_is_what_optuna_reads(database: URL) -> None:
    filled(database)
    storage, study = reading(database)
    ours = storage._get_trials(study._study_id, None, set(), -1)
    optunas = RDBStorage._get_trials(storage, study._study_id, None, set(), -1)
    assert len(ours) == 5
    assert repr(ours[0].intermediate_values[10]) == "nan"
    for trials in (ours, optunas):
        trials[0].intermediate_values[10] = 0.0  # a NaN equals nothing
    assert ours == optunas
    assert [type(trial.params.get("size")) for trial in ours] == [type(trial.params.get("size")) for trial in optunas]
    assert {trial.state for trial in ours} == set(TrialState)


def test_an_empty_study_and_one_that_is_gone_are_told_apart(database: URL) -> None:
    optuna.create_study(storage=open_to_write(database), study_name="toy")
    storage, study = reading(database)
    assert study.trials == []
    with pytest.raises(KeyError):
        storage._get_trials(study._study_id + 1, None, set(), -1)


def test_a_light_history_lacks_what_is_large_and_reads_it_where_asked(database: URL) -> None:
    study = filled(database)
    _, light = reading(database, light=True)
    heavy = heavy_of(light)
    assert heavy is not None
    assert heavy_of(study) is None
    for whole, part in zip(study.trials, light.trials, strict=True):
        assert part.user_attrs == {name: one for name, one in whole.user_attrs.items() if name not in HEAVY}
        attributes = Attributes(part.user_attrs, heavy, part._trial_id)
        assert dict(attributes) == whole.user_attrs
        assert len(attributes) == len(whole.user_attrs)
        assert attributes.get("health") == whole.user_attrs.get("health")
        assert ("curve" in attributes, "nothing" in attributes) == ("curve" in whole.user_attrs, False)
        with pytest.raises(KeyError):
            attributes["versions"]


def test_a_diagnosis_is_found_without_reading_what_is_large() -> None:
    class Nothing(HeavyAttributes):
        def of(self, trial_id: int) -> dict[str, str]:
            raise AssertionError(trial_id)

    stored = {"diagnosis": "warning", "diagnosis gamma": "warning: too high (lower it)", "return": 1.0}
    attributes = Attributes(stored, Nothing(create_engine("sqlite://"), "s"), 1)
    assert health_words(attributes) == "warning: gamma"
    assert problems(attributes) == {"gamma": "warning: too high (lower it)"}
    assert light(stored) is stored


def test_a_light_storage_stays_light_where_trials_are_read_again(database: URL) -> None:
    study = filled(database)
    _, light = reading(database, light=True)
    assert [trial.state for trial in light.trials].count(TrialState.RUNNING) == 1
    running = next(trial for trial in study.trials if trial.state == TrialState.RUNNING)
    study._storage.set_trial_user_attr(running._trial_id, "health", HEALTH)
    study._storage.set_trial_user_attr(running._trial_id, "seed", 5)
    study.tell(running.number, 0.5)
    study.add_trial(create_trial(value=1.0, user_attrs={"curve": [], "seed": 6}))
    again = light.get_trials()
    assert (again[running.number].value, again[-1].value) == (0.5, 1.0)
    assert [{*one.user_attrs} for one in (again[running.number], again[-1])] == [{"role", "seed"}, {"seed"}]


def test_heavy_attributes_are_read_by_chunks(database: URL) -> None:
    study = optuna.create_study(storage=open_to_write(database), study_name="toy")
    study.add_trials([create_trial(value=0.0, user_attrs={"curve": [number]}) for number in range(CHUNK + 3)])
    storage, light = reading(database, light=True)
    heavy, trials = HeavyAttributes(storage.engine, "toy"), light.trials
    assert [heavy.of(trial._trial_id) for trial in trials] == [{"curve": f"[{one}]"} for one in range(CHUNK + 3)]
    assert heavy.of(trials[0]._trial_id) == {"curve": "[0]"}


def curves(storage: BaseStorage, study: Study) -> set[int]:
    return {trial.number for trial in storage.get_all_trials(study._study_id) if trial.intermediate_values}


def test_pages_of_a_long_study_draw_the_best_and_the_last(database: URL) -> None:
    study = optuna.create_study(storage=open_to_write(database), study_name="toy", direction="maximize")

    def add(value: float) -> None:
        attributes = {"diagnosis": "ok", "diagnosis loss": "warning", "seed": 1}
        study.add_trial(create_trial(value=value, intermediate_values={1: value}, user_attrs=attributes))

    for number in range(MOST_CURVES):
        add(-number)
    pages = open_for_pages(database)
    assert curves(pages, study) == {*range(MOST_CURVES)}
    for _ in range(20):
        add(-10_000.0)
    shown = curves(pages, study)
    assert len(shown) == MOST_CURVES
    assert {*range(MOST_CURVES // 2), *range(MOST_CURVES, MOST_CURVES + 20)} < shown
    for trial in pages.get_all_trials(study._study_id):
        assert ("diagnosis loss" in trial.user_attrs) == (trial.number in shown)
        assert {"diagnosis", "seed"} <= trial.user_attrs.keys()
    assert curves(study._storage, study) == {*range(MOST_CURVES + 20)}  # what is stored
    add(1.0)
    assert MOST_CURVES + 20 in curves(pages, study)
