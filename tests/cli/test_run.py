"""`tuner run` as it is typed, once from file to answer; lists and help."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Tuner

from tuner.cli.main import app


def test_a_run_ends_with_the_answer_and_what_comes_next(tuner: Tuner, toy_study: Path) -> None:
    said = tuner(f"run {toy_study} --trials 3 --engine inline")
    assert said.code == 0
    assert "3 trials on 1 worker: about" in said.err
    for words in ("3 of 3 trials finished", "current", "proposed", "learning_rate", "tuner export toy -o best.yml"):
        assert words in said.out


def test_a_run_that_time_ended_names_the_command_that_finishes_it(tuner: Tuner, toy_study: Path) -> None:
    said = tuner(f"run {toy_study} --trials 40 --minutes 0.01 --engine inline")
    assert said.code == 0
    assert f"tuner run {toy_study} --trials 40" in said.out


def test_the_same_again_prints_the_same_answer(tuner: Tuner, finished: Path) -> None:
    said = tuner(f"run {finished} --engine inline")
    assert said.code == 0
    assert "Nothing to do: the study has 4 finished trials of 4" in said.err
    assert "4 of 4 trials finished" in said.out


def test_json_holds_what_status_holds(tuner: Tuner, finished: Path) -> None:
    said = tuner(f"run {finished} --engine inline --sampler random --seed 1 --json")
    assert said.code == 0, said.err
    found = json.loads(said.out)
    assert found == json.loads(tuner("status toy --json").out)
    assert (found["study"], found["finished"], found["counts"]["complete"]) == ("toy", 4, 4)
    assert [row["role"] for row in found["baselines"]] == ["baseline:current", "baseline:proposed"]
    assert {"value", "success", "arguments"} <= found["best"].keys()


@pytest.mark.parametrize("kind", ["envs", "spaces", "studies"])
def test_lists_name_what_there_is(tuner: Tuner, kind: str) -> None:
    said = tuner(f"list {kind}")
    assert said.code == 0
    assert {"envs": "RoArmReach-v0", "spaces": "ppo_guide", "studies": "smoke"}[kind] in said.out


def test_help_and_version(tuner: Tuner) -> None:
    assert "export" in tuner("--help").out
    assert tuner("").out == tuner("--help").out
    assert re.fullmatch(r"tuner \S+, Optuna [\d.]+, Stable-Baselines3 [\d.]+\n", tuner("--version").out)


def test_every_command_has_a_whole_line_of_help_at_80_columns(tuner: Tuner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    said = tuner("--help").out
    listed = [line.split()[0] for line in said.partition("Tune:")[2].splitlines() if line.startswith("  ")]
    assert sorted(listed) == sorted(command.name or "" for command in app.registered_commands)
    assert "..." not in said.partition("Tune:")[2]


def test_a_study_may_run_without_baselines(tuner: Tuner, toy_study: Path) -> None:
    few = tuner(f"run {toy_study} --trials 1 --engine inline")
    assert few.code == 2
    assert "1 is less than the study's 2 baselines, which run first; give at least 2, or --no-baselines" in few.err
    said = tuner(f"run {toy_study} --trials 1 --no-baselines --engine inline --json")
    assert (said.code, json.loads(said.out)["baselines"]) == (0, [])
    assert tuner("run toy --trials 2 --no-baselines --engine inline").code == 0


def test_old_names_of_options_still_work(tuner: Tuner, finished: Path) -> None:
    said = tuner("report toy --format md --films")
    assert "tuner: --films is now called --videos" in said.err
    assert "--videos: only for HTML" in said.err


@pytest.mark.parametrize(
    ("line", "help_line"),
    [("list foo", "tuner list"), ("list", "tuner list"), ("run --trialz 3", "tuner run"), ("nothing", "tuner")],
)
def test_a_usage_error_names_the_help_of_its_command(tuner: Tuner, line: str, help_line: str) -> None:
    said = tuner(line)
    assert said.code == 2
    assert f"(see `{help_line} --help`)" in said.err


@pytest.mark.parametrize(("typed", "offered"), [("tuner ex", ["export"]), ("tuner run --tri", ["--trials"])])
def test_shells_complete_commands_and_options(typed: str, offered: list[str]) -> None:
    words = {"COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split()) - 1), "_TUNER_COMPLETE": "complete_bash"}
    program = "import sys; sys.argv = ['tuner']; from tuner.cli.main import main; main()"
    command = [sys.executable, "-c", program]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, env={**os.environ, **words})
    assert said.stdout.split() == offered
