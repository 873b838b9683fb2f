"""`tuner run --staged`: one study a stage, resumable, one summary at the end."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from conftest import Tuner, write_study

from tuner.study.storage import open_to_write, parse_url

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
    assert "stage 2: n_steps: baselines.current: 32 is outside the space's range 1024 … 4096" in said.err


def test_a_chain_is_named_by_its_stages(tuner: Tuner, chain: Path) -> None:
    tuner(RUN)
    said = tuner("status toy")
    assert said.code == 2
    assert "study 'toy' was tuned in stages, a study each; name one: toy-1-learning_rate, toy-2-n_steps" in said.err


def test_a_stage_whose_name_is_taken_is_refused_before_any_work(tuner: Tuner, tmp_path: Path) -> None:
    write_study(tmp_path, "plain")
    assert tuner("run plain.yaml --engine inline --trials 2 --name toy-2-n_steps").code == 0
    write_study(tmp_path, stages=STAGES)
    said = tuner(RUN)
    assert said.code == 2
    assert "study 'toy-2-n_steps' is in the database and no stage of 'toy'; give another --name" in said.err
    assert "Stage 1" not in said.err


def test_a_later_stage_that_could_not_begin_is_refused_before_any_work(tuner: Tuner, tmp_path: Path) -> None:
    long = {"parameters": {"n_steps": {"type": "int", "low": 16, "high": 512, "scale": "power_of_two"}}}
    write_study(tmp_path, stages=[STAGES[0], long])
    said = tuner(RUN)
    assert said.code == 2
    assert "of study 'toy': timesteps: 384 is less than one largest rollout" in said.err
    assert not Path("studies").exists()


def test_fewer_trials_than_baselines_are_refused_by_the_stage_that_has_them(tuner: Tuner, tmp_path: Path) -> None:
    write_study(tmp_path, trials=1, stages=[{**stage, "trials": 3} for stage in STAGES])
    assert tuner("run toy.yaml --engine inline").code == 0
    write_study(tmp_path, "few", stages=[{**STAGES[0], "trials": 1}, STAGES[1]])
    said = tuner("run few.yaml --engine inline")
    assert said.code == 2
    assert "1 is less than the study's 2 baselines" in said.err


def test_a_chain_does_not_start_from_itself(tuner: Tuner, chain: Path) -> None:
    tuner(RUN)
    said = tuner(f"{RUN} --from toy-1-learning_rate")
    assert said.code == 2
    assert "--from toy-1-learning_rate: is a stage of this study itself" in said.err


def test_a_database_whose_making_was_cut_off_is_taken_up_again(tuner: Tuner, chain: Path) -> None:
    Path("studies").mkdir()
    open_to_write(parse_url("sqlite:///studies/tuner.db"))
    with sqlite3.connect("studies/tuner.db") as database:
        database.execute("DROP TABLE alembic_version")
    database.close()
    said = tuner(RUN)
    assert said.code == 0, said.err
    assert "2 of 2 stages finished" in said.out
