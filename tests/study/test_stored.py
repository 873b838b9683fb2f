"""Baselines in a stored study: one role, one configuration."""

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import BASELINES, write_study
from optuna.storages import BaseStorage

from tuner.config.load import find, load_study
from tuner.errors import StudyDiffers
from tuner.study.storage import open_to_write, parse_url
from tuner.study.stored import SettingChange, load_stored
from tuner.study.writer import StudyWriter


@pytest.fixture
def storage(tmp_path: Path) -> BaseStorage:
    return open_to_write(parse_url(f"sqlite:///{tmp_path}/toy.db"))


def open_with(storage: BaseStorage, baselines: dict[str, Any]) -> StudyWriter:
    writer, _ = opened(storage, baselines=baselines)
    writer.enqueue_baselines()
    return writer


def opened(storage: BaseStorage, **changes: Any) -> tuple[StudyWriter, list[SettingChange]]:
    return StudyWriter.open(
        storage, load_study(find("studies", str(write_study(Path.cwd(), **changes)))), Path("artifacts")
    )


def test_a_changed_baseline_is_refused_with_the_difference(storage: BaseStorage) -> None:
    open_with(storage, BASELINES)
    changed = {**BASELINES, "current": {**BASELINES["current"], "batch_size": 16}}
    with pytest.raises(StudyDiffers, match=r"baselines\.current\.batch_size: stored 8, now 16"):
        open_with(storage, changed)
    assert load_stored(storage, "toy")[1].baselines == BASELINES


def test_an_added_baseline_is_enqueued_beside_the_others(storage: BaseStorage) -> None:
    open_with(storage, {"current": BASELINES["current"]})
    open_with(storage, BASELINES)
    roles = [trial.user_attrs["role"] for trial in load_stored(storage, "toy")[0].trials]
    assert roles == ["baseline:current", "baseline:proposed"]


def test_a_removed_baseline_keeps_its_trial(storage: BaseStorage) -> None:
    open_with(storage, BASELINES)
    open_with(storage, {"current": BASELINES["current"]})
    assert len(load_stored(storage, "toy")[0].trials) == 2


def test_another_trainer_is_another_way_to_the_same_values(storage: BaseStorage) -> None:
    opened(storage)
    assert opened(storage, trainer="sb3")[1] == [SettingChange(name="trainer", before="auto", now="sb3")]


def test_a_study_from_before_there_were_trainers_takes_the_usual_one(storage: BaseStorage) -> None:
    writer, _ = opened(storage)
    stored = json.loads(writer.study.user_attrs["spec"])
    del stored["trainer"]
    writer.study.set_user_attr("spec", json.dumps(stored))
    assert load_stored(storage, "toy")[1].trainer == "auto"
