"""`tuner check`, and the same look before a new study."""

import json
from pathlib import Path

import pytest
from conftest import Tuner, write_study

from tuner.output.check_page import COLUMNS


def test_it_prints_policies_terms_and_verdicts(tuner: Tuner, tmp_path: Path) -> None:
    said = tuner("check planted_toys:Healthy --episodes 20")
    assert said.code == 0
    for words in (*COLUMNS, "expert", "reward term", "progress", "determinism", "planted_toys:Healthy: ok (0 wrong"):
        assert words in said.out
    assert "20 episodes of each policy" in said.err
    assert not list(tmp_path.iterdir())


def test_what_is_wrong_has_its_cure_and_exit_code_1(tuner: Tuner) -> None:
    said = tuner("check planted_toys:Unseeded --episodes 20")
    assert said.code == 1
    assert "→ draw every random number" in said.out


def test_a_warning_is_no_failure(tuner: Tuner) -> None:
    said = tuner("check planted_toys:Dead --episodes 20 --json")
    assert said.code == 0
    assert json.loads(said.out)["verdict"] == "warning"


def test_without_a_name_it_looks_at_the_default_study(tuner: Tuner) -> None:
    data = json.loads(tuner("check --episodes 2 --json").out)
    assert data["environment"] == "roarm_envs:RoArmReach-v0"


def test_it_writes_a_page_beside_the_table(tuner: Tuner, tmp_path: Path) -> None:
    said = tuner("check planted_toys:Healthy --episodes 5 --html check.html")
    assert said.code == 0
    assert "Wrote check.html" in said.err
    assert "</html>" in (tmp_path / "check.html").read_text()


def test_a_page_that_cannot_be_written_is_said_in_a_line(
    tuner: Tuner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuner.app.check.refuse_no_file", lambda *_: None)
    said = tuner("check planted_toys:Healthy --episodes 2 --html nowhere/check.html")
    assert said.code == 1
    assert "choose another file with --html" in said.err.splitlines()[-1]


def test_a_file_of_ones_own_is_checked(tuner: Tuner, tmp_path: Path) -> None:
    (tmp_path / "arm.py").write_text("from planted_toys import Healthy\n\nclass Arm(Healthy):\n    pass\n")
    said = tuner("check ./arm.py:Arm --episodes 5 --json")
    assert json.loads(said.out)["environment"] == "arm.py:Arm"


@pytest.mark.parametrize("engine", ["inline", pytest.param("processes --workers 1", marks=pytest.mark.slow)])
def test_a_new_study_stops_at_what_is_wrong_before_anything_is_written(
    tuner: Tuner, tmp_path: Path, engine: str
) -> None:
    path = write_study(tmp_path, environment={"id": "planted_toys:Unseeded"}, trials=2)
    said = tuner(f"run {path} --engine {engine}")
    assert said.code == 1
    assert "determinism" in said.err
    assert "use --skip-check to train anyway" in said.err.splitlines()[-1]
    assert not (tmp_path / "studies").exists()


def test_who_insists_gets_the_study_and_is_not_asked_again(tuner: Tuner, tmp_path: Path) -> None:
    path = write_study(tmp_path, environment={"id": "planted_toys:Unseeded"}, trials=2)
    said = tuner(f"run {path} --engine inline --skip-check")
    assert said.code == 0
    assert "Checking the environment" not in said.err
    more = tuner(f"run {path} --engine inline --trials 3")
    assert more.code == 0
    assert "Checking the environment" not in more.err


def test_a_second_study_in_the_database_is_new_as_well(tuner: Tuner, finished: Path) -> None:
    said = tuner(f"run {finished} --env planted_toys:Unseeded --engine inline")
    assert said.code == 1
    assert "determinism" in said.err
    assert tuner("status toy-Unseeded").code == 2


def test_large_rewards_are_scaled_for_good_unless_told_not_to(tuner: Tuner, tmp_path: Path) -> None:
    path = write_study(tmp_path, environment={"id": "planted_toys:Exploded"}, trials=2)
    said = tuner(f"run {path} --engine inline")
    assert said.code == 0, said.err
    assert "Rewards are very large and will be scaled by SB3's VecNormalize (--no-normalize leaves them)" in said.err
    assert "Warning: return an episode" not in said.err
    assert json.loads(tuner("show 0 --study toy --json").out)["arguments"]["norm_reward"] is True
    assert tuner(f"run {path} --engine inline --trials 3").code == 0  # the same study, though its file says nothing
    said = tuner(f"run {path} --engine inline --no-normalize --name bare")
    assert said.code == 0, said.err
    assert "norm_reward" not in json.loads(tuner("show 0 --study bare --json").out)["arguments"]
    refused = tuner(f"run {path} --engine inline --no-normalize --trials 4")
    assert refused.code != 0
    assert "norm_reward" in refused.err


def test_a_study_in_which_nothing_succeeds_says_what_the_look_had_warned_of(tuner: Tuner, tmp_path: Path) -> None:
    path = write_study(tmp_path, environment={"id": "planted_toys:UnreachableUnaided"}, trials=3)
    said = tuner(f"run {path} --engine inline")
    assert said.code == 0
    words = " ".join(said.out.split())
    assert "No trial succeeded once in 3: no score says which is better at the task." in words
    assert (
        "The likeliest cause is in the environment: goals in reach: no policy succeeded; no policy came near" in words
    )
    assert "tuner check planted_toys:UnreachableUnaided" in words
    assert "gamma is fixed" not in words
    status = json.loads(tuner("status toy --json").out)
    assert status["succeeded"] is False
    assert any("goals in reach" in warning for warning in status["warnings"])


def test_success_under_another_name_is_named_and_counted_on_request(tuner: Tuner, tmp_path: Path) -> None:
    path = write_study(tmp_path, environment={"id": "planted_toys:Renamed"}, trials=2)
    checked = tuner("check planted_toys:Renamed --episodes 20").out
    assert "--success-key task_solved" in " ".join(checked.split())
    assert tuner(f"run {path} --engine inline").code == 0
    assert json.loads(tuner("show 0 --study toy --json").out)["success"] is None
    assert tuner(f"run {path} --engine inline --success-key task_solved --name told").code == 0
    assert json.loads(tuner("show 0 --study told --json").out)["success"] is not None
    said = tuner(f"run {path} --engine inline --success-key task_solved")
    assert said.code != 0
    assert 'success.key: stored nothing, now "task_solved"' in said.err
    assert "--success-when 'now': must be" in tuner("check planted_toys:Renamed --success-when now").err


def test_warnings_are_said_and_the_study_goes_on(tuner: Tuner, tmp_path: Path) -> None:
    path = write_study(tmp_path, environment={"id": "planted_toys:Dead"}, trials=2)
    said = tuner(f"run {path} --engine inline")
    assert said.code == 0
    assert "Warning: dead observations: entry 2 of 4 never changed" in said.err
    assert "tuner check planted_toys:Dead" in said.err
