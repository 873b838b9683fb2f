"""`tuner run --staged`: one study a stage, resumable, one summary at the end."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from conftest import Tuner, write_study

STAGES = [
    {"parameters": {"learning_rate": {"type": "float", "low": 1e-4, "high": 1e-3, "scale": "log"}}},
    {"parameters": {"n_steps": {"type": "int", "low": 16, "high": 64, "scale": "power_of_two"}}},
]
RUN = "run toy.yaml --engine inline --trials 3"


@pytest.fixture
def chain(tmp_path: Path) -> Path:
    return write_study(tmp_path, stages=STAGES)


def arguments(said: Any, stage: int) -> dict[str, Any]:
    return dict(json.loads(said.out)["stages"][stage]["best"]["arguments"])


def test_stages_run_one_after_another_each_from_the_best_before(tuner: Tuner, chain: Path) -> None:
    said = tuner(f"{RUN} --json")
    assert said.code == 0, said.err
    found = json.loads(said.out)
    assert [(stage["study"], stage["finished"]) for stage in found["stages"]] == [
        ("toy-1-learning_rate", 3),
        ("toy-2-n_steps", 3),
    ]
    assert arguments(said, 1)["learning_rate"] == arguments(said, 0)["learning_rate"]
    assert [row["role"] for row in found["stages"][1]["baselines"]] == ["baseline:before"]
    again = tuner(RUN)
    assert again.err.count("Nothing to do") == 2
    assert "2 of 2 stages finished" in again.out
    assert "tuner export toy-2-n_steps -o best.yml" in again.out


def test_the_environment_is_looked_at_once_before_the_first_stage(tuner: Tuner, chain: Path) -> None:
    assert tuner(RUN).err.count("Looking at the environment") == 1


def test_more_trials_leave_a_stage_where_it_was_begun(tuner: Tuner, chain: Path) -> None:
    before = arguments(tuner(f"{RUN} --json"), 0)
    with sqlite3.connect("studies/tuner.db") as database:  # as if trial 0 had been far better
        database.execute("UPDATE trial_values SET value = 9.0 WHERE trial_id = (SELECT min(trial_id) FROM trials)")
    database.close()
    more = tuner(f"{RUN.replace('3', '4')} --json")
    assert more.code == 0, more.err
    assert [stage["finished"] for stage in json.loads(more.out)["stages"]] == [4, 4]
    if arguments(more, 0) != before:
        assert "Stage 2 goes on from what it was begun with" in more.err
    assert arguments(more, 1)["learning_rate"] == before["learning_rate"]


def test_the_flag_means_the_guides_stages(tuner: Tuner, tmp_path: Path) -> None:
    write_study(tmp_path)
    said = tuner("run toy.yaml --engine inline --staged")
    assert said.code == 2
    assert "stages.2.n_steps: baselines.current: 32 is outside the space's range 1024 … 4096" in said.err
