"""After `kill -9` of a tracked run and the same command again, every trial has one run in each tracker."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest
from conftest import write_study
from driving import children, gone, wait_for
from trackers import mlflow_runs, need, wandb_runs

from tuner.app.resolve import open_study

LIMIT = 240  # s, for anything here
FOLDER = Path("studies")

pytestmark = pytest.mark.slow


def start(study: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tuner", "run", str(study), "--workers", "2", *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended() -> list[int]:
    return [row.number for row in open_study("toy", None).rows if row.state not in ("running", "waiting")]


@pytest.mark.parametrize("after", [1, 3], ids=["while the first run is written", "later"])
def test_a_killed_run_leaves_no_run_of_a_trial_out_and_none_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    need("mlflow", "wandb")
    for name in [name for name in os.environ if name.startswith(("MLFLOW_", "WANDB_"))]:
        monkeypatch.delenv(name)
    study = write_study(tmp_path, timesteps=3_200, checkpoints=20, trials=6, track=["mlflow", "wandb"])
    process = start(study)
    assert wait_for(lambda: len(list(FOLDER.glob("tuner.wandb/wandb/offline-run-*"))) >= after, LIMIT)
    listeners = [one.pid for one in children("tuner-listener", process.pid, recursive=True)]
    assert listeners
    process.kill()
    process.communicate()
    assert wait_for(lambda: all(map(gone, listeners)))  # they end with the run that started them
    again = start(study)
    _, err = again.communicate(timeout=LIMIT)
    assert again.returncode == 0, err
    assert "missed" not in err
    once = dict.fromkeys(map(str, ended()), 1)
    assert Counter(run["tags"]["tuner.trial"] for run in mlflow_runs(FOLDER / "tuner.mlflow")) == once
    assert Counter(run["config"]["tuner.trial"] for run in wandb_runs(FOLDER / "tuner.wandb")) == once
    assert {run["status"] for run in mlflow_runs(FOLDER / "tuner.mlflow")} <= {"FINISHED", "KILLED", "FAILED"}


def test_a_command_ends_with_the_run_that_was_killed(tmp_path: Path) -> None:
    hook = tmp_path / "hook.sh"
    hook.write_text("#!/bin/sh\necho $$ > pid\nsleep 600 &\necho $! >> pid\nwait\n")
    hook.chmod(0o755)
    process = start(write_study(tmp_path, on_trial_end="./hook.sh"))
    assert wait_for(lambda: (tmp_path / "pid").exists() and len((tmp_path / "pid").read_text().split()) == 2, LIMIT)
    pids = [int(word) for word in (tmp_path / "pid").read_text().split()]
    assert all(map(psutil.pid_exists, pids))
    process.kill()
    process.communicate()
    assert wait_for(lambda: all(map(gone, pids)))


def test_ctrl_c_ends_a_hanging_command_within_moments(tmp_path: Path) -> None:
    process = start(write_study(tmp_path, on_trial_end="sleep 600"))
    assert wait_for(lambda: bool(children("sleep", process.pid, recursive=True)), LIMIT)
    pids = [one.pid for one in children("sleep", process.pid, recursive=True)]
    begun = time.monotonic()
    os.kill(process.pid, signal.SIGINT)
    process.communicate(timeout=LIMIT)
    assert process.returncode in (0, 130)
    assert time.monotonic() - begun < 45
    assert wait_for(lambda: all(map(gone, pids)))
