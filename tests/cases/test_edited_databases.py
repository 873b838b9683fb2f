"""A database that was edited or damaged: one line names the study, and nothing in it changes."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from conftest import Tuner

from tuner.study.long_records import PREFIX

OTHER = '{"name": "FloatDistribution", "attributes": {"step": null, "low": 5.0, "high": 6.0, "log": false}}'


def attribute(name: str, text: str) -> str:
    return f"UPDATE trial_user_attributes SET value_json = '{text}' WHERE key = '{name}'"  # noqa: S608


def record(name: str, text: str) -> str:
    return f"UPDATE trial_system_attributes SET value_json = '{text}' WHERE key = '{PREFIX}{name}'"  # noqa: S608


EDITS = {
    "no JSON": attribute("success", "{bad"),
    "success": attribute("success", '"x"'),
    "a flag for a number": attribute("seconds", "true"),
    "seed": attribute("seed", "[1]"),
    "role": attribute("role", "3"),
    "overrides": record("overrides", "[3]"),
    "curve": record("curve", '"x"'),
    "points": record("curve", "[1, 2]"),
    "health": record("health", "[1]"),
    "a record among the lines": "INSERT INTO trial_user_attributes (trial_id, key, value_json) VALUES (1, 'spec', '{')",
    "heavy no JSON": record("health", "{"),
    "spec": "UPDATE study_user_attributes SET value_json = '{bad' WHERE key = 'spec'",
    "spec of another kind": "UPDATE study_user_attributes SET value_json = '5' WHERE key = 'spec'",
    "a seed of the study": "UPDATE study_user_attributes SET value_json = '\"x\"' WHERE key = 'qmc_seed'",
    "direction": "UPDATE study_directions SET direction = 'MINIMIZE'",
    "a distribution": f"UPDATE trial_params SET distribution_json = '{OTHER}' WHERE param_name = 'learning_rate'",  # noqa: S608
    "no distribution": "UPDATE trial_params SET distribution_json = '{}'",
    "a parameter": "UPDATE trial_params SET param_value = 'abc' WHERE param_name = 'learning_rate'",
    "a name": "UPDATE trial_params SET param_name = 'nonsense' WHERE param_name = 'learning_rate'",
    "a table": "DROP TABLE trial_params",
    "a state": "UPDATE trials SET state = 'WEIRD' WHERE number = 2",
    "a value": "UPDATE trial_values SET value = 'abc'",
    "no value": "DELETE FROM trial_values",
    "a checkpoint": "UPDATE trial_intermediate_values SET intermediate_value = 'abc'",
    "a date": "UPDATE trials SET datetime_start = 'yesterday'",
    "a gap": "UPDATE trials SET number = 17 WHERE number = 2",
    "a number twice": "UPDATE trials SET number = 1 WHERE number = 2",
}


def rows(path: Path) -> list[Any]:
    """What the database holds of the study's settings and trials."""
    connection = sqlite3.connect(path)
    try:
        own = connection.execute("SELECT key, value_json FROM study_user_attributes ORDER BY key").fetchall()
        return [*own, *connection.execute("SELECT number, state FROM trials ORDER BY trial_id").fetchall()]
    finally:
        connection.close()


@pytest.mark.parametrize("edit", EDITS)
def test_one_line_names_the_study_and_nothing_changes(tuner: Tuner, finished: Path, edit: str) -> None:
    path = Path("studies/tuner.db")
    connection = sqlite3.connect(path)
    assert connection.execute(EDITS[edit]).rowcount != 0
    connection.commit()
    connection.close()
    before = rows(path)
    for line in (f"run {finished} --trials 6 --engine inline", "status toy", "report toy -o page.html"):
        said = tuner(line)
        assert said.code == 1, (line, said.err)
        assert "'toy'" in said.err.splitlines()[-1], said.err
        assert "restore a copy of the database" in said.err or "choose another study" in said.err, said.err
        assert not [text for text in said.err.splitlines() if "internal error" in text]
    assert rows(path) == before


def test_what_cannot_be_told_from_a_study_of_before_is_read(tuner: Tuner, finished: Path) -> None:
    connection = sqlite3.connect("studies/tuner.db")
    for key in ("health", "curve", "seed", "versions", "success_area", "steps_per_second"):
        connection.execute("DELETE FROM trial_user_attributes WHERE key = ?", [key])
        connection.execute("DELETE FROM trial_system_attributes WHERE key = ?", [f"{PREFIX}{key}"])
    connection.execute("UPDATE trial_user_attributes SET value_json = 'null' WHERE key = 'distance'")
    connection.commit()
    connection.close()
    for line in ("status toy", "show --study toy", "export toy -o best.yml", "report toy -o page.html"):
        assert tuner(line).code == 0, line
    assert tuner(f"run {finished} --trials 6 --engine inline").code == 0
