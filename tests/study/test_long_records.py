"""Records of trials are system attributes in the database and user attributes to everything above it."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import optuna
import pytest
from conftest import Tuner
from optuna.storages import RDBStorage
from sqlalchemy.engine import URL

from tuner.study.history import HistoryStorage
from tuner.study.long_records import PREFIX, shown, stored
from tuner.study.remembering_storage import remembering
from tuner.study.storage import open_to_read, open_to_write

RECORDS: dict[str, Any] = {"curve": [{"step": 1}], "arguments": {"n_steps": 8}, "empty": [], "none": {}}
LINES: dict[str, Any] = {"success": 0.5, "role": "baseline:current", "flag": True, "nothing": None, "text": "[no list"}


def keys(url: URL, table: str) -> dict[str, Any]:
    storage = open_to_write(url)._storage  # type: ignore[attr-defined]
    with storage._backend.engine.connect() as connection:
        return {
            key: json.loads(text)
            for key, text in connection.exec_driver_sql(f"SELECT key, value_json FROM {table}")  # noqa: S608
        }


@pytest.mark.parametrize("way", ["by the only writer", "by another", "with a new trial"])
def test_pages_of_optuna_show_lines_alone(database: URL, way: str) -> None:
    opened = open_to_write(database)
    storage = remembering(opened) if way == "by the only writer" else opened
    study = optuna.create_study(storage=storage, study_name="toy")
    if way == "with a new trial":
        study.enqueue_trial({}, user_attrs={**RECORDS, **LINES})
    else:
        trial = study.ask()
        for name, value in {**RECORDS, **LINES}.items():
            trial.set_user_attr(name, value)
    assert keys(database, "trial_user_attributes") == LINES
    system = keys(database, "trial_system_attributes")
    assert {name.removeprefix(PREFIX): one for name, one in system.items() if name.startswith(PREFIX)} == RECORDS
    for read in (
        study,
        *(optuna.load_study(study_name="toy", storage=one) for one in (opened, open_to_read(database))),
    ):
        (found,) = read.get_trials(deepcopy=False)
        assert found.user_attrs == {**RECORDS, **LINES}
        assert not [name for name in found.system_attrs if name.startswith(PREFIX)]
    (found,) = optuna.load_study(study_name="toy", storage=open_to_read(database, light=True)).get_trials(
        deepcopy=False
    )
    assert found.user_attrs == {name: one for name, one in {**RECORDS, **LINES}.items() if name != "curve"}


def test_a_study_of_an_earlier_version_is_read_and_continued(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/old.db"
    old = optuna.create_study(storage=RDBStorage(url), study_name="old")
    trial = old.ask()
    for name, value in {**RECORDS, **LINES}.items():
        trial.set_user_attr(name, value)
    storage = HistoryStorage(url)
    (before,) = optuna.load_study(study_name="old", storage=storage).get_trials(deepcopy=False)
    assert before.user_attrs == {**RECORDS, **LINES}
    storage.set_trial_user_attr(before._trial_id, "curve", [{"step": 2}])
    (after,) = optuna.load_study(study_name="old", storage=HistoryStorage(url)).get_trials(deepcopy=False)
    assert after.user_attrs["curve"] == [{"step": 2}]


def test_there_and_back_is_the_same() -> None:
    user, system = stored({**RECORDS, **LINES}, {"fixed_params": {"a": 1}})
    assert not [one for one in user.values() if isinstance(one, list | dict)]
    assert shown(user, system) == ({**LINES, **RECORDS}, {"fixed_params": {"a": 1}})


def test_the_trials_of_a_run_have_a_page_of_lines(finished: Path) -> None:
    connection = sqlite3.connect("studies/tuner.db")
    texts = [text for (text,) in connection.execute("SELECT value_json FROM trial_user_attributes")]
    connection.close()
    assert len(texts) > 20
    assert max(map(len, texts)) < 400
    assert not [text for text in texts if text[:1] in "[{"]


def test_a_study_renamed_in_a_dashboard_keeps_them(tuner: Tuner, finished: Path) -> None:
    """optuna-dashboard copies trials with both kinds of attributes, and of studies the user attributes alone."""
    storage = RDBStorage("sqlite:///studies/tuner.db")
    first = optuna.load_study(study_name="toy", storage=storage)
    second = optuna.create_study(study_name="other", storage=storage, direction="maximize")
    second.add_trials(first.get_trials(deepcopy=False))
    for key, value in first.user_attrs.items():
        second.set_user_attr(key, value)
    before, after = (json.loads(tuner(f"show 3 --study {name} --json").out) for name in ("toy", "other"))
    assert before["curve"] == after["curve"]
    assert before["arguments"] == after["arguments"]
