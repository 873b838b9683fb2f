"""Success from a number on, and keys that never come: on the command line, in a study file and in what is kept."""

import json
from pathlib import Path

import pytest
from conftest import Tuner, write_study

from tuner.app.resolve import open_study
from tuner.records import Signals
from tuner.training.signals import success

WIDE = {"id": "wrapped_toys:Wide"}
RUN = "--engine inline --trials 2 --sampler random --seed 1"


@pytest.mark.parametrize(
    ("value", "at_least", "told"),
    [
        (0.6, None, False),
        (0.6, 0.5, True),
        (0.4, 0.5, False),
        (-2.0, -3.0, True),
        (True, 5.0, True),
        (False, -1.0, False),
        (float("nan"), 0.5, None),
    ],
)
def test_a_number_counts_from_where_the_study_says(value: float, at_least: float | None, told: bool | None) -> None:
    assert success({"x": value}, "x", at_least) is told


def test_a_run_counts_it_and_keeps_it(tuner: Tuner, tmp_path: Path) -> None:
    path = write_study(tmp_path, environment=WIDE, baselines={})
    near = "--success-key closeness --success-at-least -9 --success-when any"
    assert tuner(f"run {path} {RUN} {near}").code == 0
    assert tuner(f"run {path} {RUN} --success-key closeness --name strict").code == 0
    reader = open_study("toy", None)
    assert reader.spec.signals == Signals(success="closeness", when="any", distance="distance", at_least=-9.0)
    assert {row.success for row in reader.rows} == {1.0}
    assert {row.success for row in open_study("strict", None).rows} == {0.0}
    said = tuner(f"run {path} {RUN} --success-key closeness --success-at-least 0.2 --success-when any")
    assert "success.at_least: stored -9.0, now 0.2" in said.err


def test_the_check_counts_it_as_well(tuner: Tuner) -> None:
    line = "check wrapped_toys:Wide --episodes 5 --json --success-key closeness"
    found = {row["policy"]: row["success"] for row in json.loads(tuner(line).out)["policies"]}
    easy = {row["policy"]: row["success"] for row in json.loads(tuner(f"{line} --success-at-least -9").out)["policies"]}
    assert found["zero"] == 0.0
    assert set(easy.values()) == {1.0}


def test_a_key_that_never_comes_is_refused_with_those_that_do(tuner: Tuner, tmp_path: Path) -> None:
    path = write_study(tmp_path, environment=WIDE, baselines={})
    said = tuner(f"run {path} {RUN} --success-key closenes")
    [line] = [line for line in said.err.splitlines() if line.startswith("tuner: ")]
    assert said.code == 1
    assert "info['closenes'] came in none of" in line
    assert "did you mean 'closeness'?; the keys that came: closeness, distance, is_success" in line
    assert not (tmp_path / "studies" / "tuner.db").exists()
    assert tuner(f"run {path} {RUN} --success-key closenes --skip-check").code == 0
    assert tuner("check wrapped_toys:Wide --episodes 3 --success-key closenes").code == 1


def test_the_usual_key_may_be_told_by_successes_alone(tuner: Tuner, tmp_path: Path) -> None:
    path = write_study(tmp_path, environment={"id": "tuner_toys:ToyPlain-v0"}, baselines={})
    said = tuner(f"run {path} {RUN} --success-key is_success")
    assert said.code == 0, said.err
    assert "Warning: success signal: info['is_success'] came in none of" in said.err


@pytest.mark.parametrize("text", ["many", "nan", "inf", ""])
def test_what_is_no_number_is_refused(tuner: Tuner, text: str) -> None:
    said = tuner(f"check wrapped_toys:Wide --success-at-least '{text}'")
    assert (said.code, said.err) == (2, f"tuner: --success-at-least {text!r}: must be a number\n")
