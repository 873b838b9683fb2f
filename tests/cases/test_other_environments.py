"""More of other people's environments through check, run, show and export."""

import json
from pathlib import Path

import pytest
from conftest import Tuner, write_study


@pytest.mark.parametrize(
    ("name", "options", "told"),
    [
        ("OtherKey", "", False),
        ("OtherKey", "--success-key solved", True),
        ("NoInfo", "", False),
        ("FarActions", "", True),
        ("OneStep", "", True),
    ],
)
def test_it_is_tuned_by_the_right_scale(tuner: Tuner, tmp_path: Path, name: str, options: str, told: bool) -> None:
    path = write_study(tmp_path, environment={"id": f"other_toys:{name}"}, trials=3)
    said = tuner(f"run {path} --engine inline {options}")
    assert said.code == 0, said.err
    shown = json.loads(tuner("show --study toy --json").out)
    assert (shown["success"] is not None) == told
    assert all((point["success"] is not None) == told for point in shown["curve"])
    exported = json.loads(tuner("export toy --format json").out)
    assert exported["provenance"]["success_rate"] == shown["success"]
    assert exported["provenance"]["score"] == shown["value"]


@pytest.mark.parametrize(
    ("name", "words", "refused"),
    [
        ("OtherKey", "solved", False),
        ("FarActions", "action bounds", False),
        ("SameStart", "starts", True),
        ("Goals", "observation scale", False),
    ],
)
def test_the_check_says_what_it_is(tuner: Tuner, tmp_path: Path, name: str, words: str, refused: bool) -> None:
    said = tuner(f"check other_toys:{name} --episodes 10")
    assert words in said.out + said.err
    path = write_study(tmp_path, environment={"id": f"other_toys:{name}"}, trials=2)
    assert (tuner(f"run {path} --engine inline").code != 0) == refused


def test_spaces_that_no_policy_takes_are_refused_without_a_way_round(tuner: Tuner, tmp_path: Path) -> None:
    path = write_study(tmp_path, environment={"id": "observed_toys:Nested"}, trials=2)
    said = tuner(f"run {path} --engine inline")
    assert (said.code, "--skip-check" in said.err) == (1, False)
    said = tuner(f"run {path} --engine inline --skip-check")
    assert said.code == 2
    assert "takes no nested ones" in said.err.splitlines()[-1]
    assert not (tmp_path / "studies").exists()
