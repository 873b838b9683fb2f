"""What other people's environments do, from the check to the export: each gives what its user should have got."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import Tuner, write_study

from tuner.app.resolve import open_study
from tuner.checking.check_report import full
from tuner.checking.run_check import run_check
from tuner.config.study_keys import FirstLook
from tuner.errors import EnvironmentFailed
from tuner.records import EnvironmentRef
from tuner.study.rows import Row


def ran(tuner: Tuner, folder: Path, name: str, options: str = "", **environment: Any) -> list[Row]:
    """The trials of a small study in an environment."""
    path = write_study(folder, environment={"id": f"odd_toys:{name}", **environment}, trials=3)
    said = tuner(f"run {path} --engine inline {options}")
    assert said.code == 0, said.err
    return open_study("toy", None).rows


@pytest.mark.parametrize("name", ["ToldWhenTrue", "NullWhenFalse", "NotANumber"])
def test_untold_success_is_failure_and_the_scale_is_one(tuner: Tuner, tmp_path: Path, name: str) -> None:
    for row in ran(tuner, tmp_path, name):
        assert row.success is not None
        for point in row.attributes["curve"]:
            assert point["success"] is not None
            assert point["success"] <= point["score"] <= point["success"] + 0.1
    shown = json.loads(tuner("show --study toy --json").out)
    assert 0.0 <= shown["success"] <= 1.0
    exported = json.loads(tuner("export toy --format json").out)
    assert exported["provenance"]["success_rate"] == shown["success"]


def test_success_that_the_look_did_not_see_is_noted(
    tuner: Tuner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuner.app.tune.first_look", lambda *_, **__: FirstLook(success=None))
    rows = ran(tuner, tmp_path, "Talking")  # which tells in every episode
    assert all(row.success is None for row in rows)
    told = sum(row.attributes.get("unread", 0) for row in rows)
    assert told >= 3 * len(rows)
    said = tuner("status toy")
    assert f"{told} evaluation episodes told `is_success`" in " ".join(said.out.split())
    assert "--success-key is_success" in said.out


def test_a_random_policy_does_not_know_the_goal() -> None:
    report = run_check(EnvironmentRef(id="odd_toys:Bandit"), full(100))
    random = next(row for row in report.policies if row.policy == "random")
    assert random.success is not None
    assert random.success < 0.3  # a tenth of the actions succeed
    lines = {line.name: line for line in report.lines}
    assert lines["action effect"].verdict == "ok"
    assert "rewarded" in lines["action effect"].finding
    assert lines["episode ends"].verdict == "ok"


@pytest.mark.parametrize("engine", ["inline", pytest.param("processes", marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", ["Talking", "ClosingOutputs", "Wandering"])
def test_standard_output_and_the_folder_are_the_users(tmp_path: Path, name: str, engine: str) -> None:
    write_study(tmp_path, environment={"id": f"odd_toys:{name}"}, trials=2)

    def typed(*words: str) -> Any:
        command = [sys.executable, "-m", "tuner", *words]
        said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False)
        assert said.returncode == 0, said.stderr
        return json.loads(said.stdout)

    assert typed("run", "toy.yaml", "--engine", engine, "--json")["finished"] == 2
    if engine == "inline":  # a check knows no engines
        assert (
            typed("check", f"odd_toys:{name}", "--episodes", "5", "--html", "page.html", "--json")["verdict"] != "wrong"
        )
        Path(tmp_path / "page.html").unlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["studies", "toy.yaml", "toy_space.yaml"]


COMMANDS = """
import json, sys
from tuner.cli.main import call
from tuner.cli.standard_files import open_standard_files

open_standard_files()
json.dump({line: call(line.split()) for line in sys.argv[1:]}, open("codes.json", "w"))
"""
READING = [
    "status toy",
    "status toy --trials",
    "status toy --json",
    "show --study toy",
    "show 1 --study toy --json",
    "export toy",
    "export toy --format sb3",
    "export toy --format json",
    "export toy -o best.yml",
    "report toy -o page.html",
    "report toy --format md -o page.md",
    "list studies",
    "list envs",
]
WORKING = [
    "check tuner_toys:ToyLine-v0 --episodes 3",
    "run toy.yaml --trials 5 --engine inline",
    "confirm toy --top 1 --seeds 1 --engine inline",
    "train best.yml --engine inline",
    "compare toy.yaml --algorithms ppo --minutes 0.01 --engine inline",
]


@pytest.mark.parametrize(
    ("encoding", "lines"), [("ascii", [*READING, *WORKING]), ("cp949", READING), ("closed", [*READING, WORKING[0]])]
)
def test_every_command_ends_well_whatever_its_output_is(finished: Path, encoding: str, lines: list[str]) -> None:
    command = [sys.executable, "-X", "utf8=0", "-c", COMMANDS, *lines]
    closed = encoding == "closed"
    environment = os.environ if closed else {**os.environ, "PYTHONIOENCODING": encoding}
    line = f"exec {shlex.join(command)} >&-" if closed else f"exec {shlex.join(command)}"
    said = subprocess.run(  # noqa: S602
        line,
        shell=True,
        cwd=finished.parent,
        capture_output=True,
        timeout=240,
        check=False,
        env=environment,
    )
    codes = json.loads((finished.parent / "codes.json").read_text())
    assert {name: code for name, code in codes.items() if code != 0} == {}, said.stderr
    assert len(codes) == len(lines)
    if not closed:
        assert "4 of 4 trials finished" in said.stdout.decode(encoding)
        said.stderr.decode(encoding)


@pytest.mark.parametrize("stream", ["1", "2"])
def test_a_closed_output_ends_no_run(tmp_path: Path, stream: str) -> None:
    write_study(tmp_path, trials=2)
    command = f"{sys.executable} -m tuner run toy.yaml --engine inline {stream}>&-"
    said = subprocess.run(command, cwd=tmp_path, shell=True, capture_output=True, timeout=240, check=False)  # noqa: S602
    assert said.returncode == 0, said.stderr
    status = [sys.executable, "-m", "tuner", "status", "toy", "--json"]
    found = subprocess.run(status, cwd=tmp_path, capture_output=True, timeout=240, check=True)
    assert json.loads(found.stdout)["finished"] == 2


def test_what_it_returns_is_taken_where_it_can_be(tuner: Tuner, tmp_path: Path) -> None:
    assert all(row.success is None and row.value is not None for row in ran(tuner, tmp_path, "ArrayReward"))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "OldStep",
            "step must return (observation, reward, terminated, truncated, info), not 4 values: that is the API",
        ),
        (
            "OldReset",
            "reset must return (observation, info), not an array of shape (2,): that is the API of Gym before",
        ),
    ],
)
def test_the_old_api_is_named(tuner: Tuner, tmp_path: Path, name: str, words: str) -> None:
    with pytest.raises(EnvironmentFailed) as caught:
        run_check(EnvironmentRef(id=f"odd_toys:{name}"), full(2))
    assert words in str(caught.value)
    path = write_study(tmp_path, environment={"id": f"odd_toys:{name}"}, trials=2)
    for skip in ("", "--skip-check"):
        said = tuner(f"run {path} --engine inline {skip}")
        assert said.code == 1
        assert words in said.err


def test_discrete_spaces_that_begin_elsewhere_are_shifted(tuner: Tuner, tmp_path: Path) -> None:
    rows = ran(tuner, tmp_path, "CountsFromOne")
    assert [row.state for row in rows] == ["complete"] * 3
    said = tuner("check odd_toys:CountsFromOne --episodes 2").out
    assert "Discrete(3, start=1) is shifted to begin at 0" in " ".join(said.split())


def test_an_error_in_a_step_ends_its_episode_where_the_study_says_so(tuner: Tuner, tmp_path: Path) -> None:
    rows = ran(tuner, tmp_path, "RarelyRaising", on_error="end_episode")
    assert [row.state for row in rows] == ["complete"] * 3
    assert sum(row.attributes["errors"]["episodes"] for row in rows) > 0
    assert "no solution of the inverse kinematics" in " ".join(tuner("status toy").out.split())


def test_one_bad_draw_does_not_stop_the_night(tuner: Tuner, tmp_path: Path) -> None:
    path = write_study(tmp_path, environment={"id": "odd_toys:RaisesOnceInAWhile"}, trials=8)
    said = tuner(f"run {path} --engine inline --sampler random --seed 1 --skip-check")
    rows = open_study("toy", None).rows
    finished = [row for row in rows if row.finished]
    given_up = [row for row in finished if "gave_up" in row.attributes]
    assert said.code == 0, said.err
    assert len(finished) == 8
    assert 0 < len(given_up) < 4
    assert all(
        row.attributes["reason"].startswith("failed 2 times: the environment raised in step") for row in given_up
    )
