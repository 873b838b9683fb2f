"""Studies of environments with Dict observations and hindsight: over Ray, in PostgreSQL, after kill -9."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from audit import audit
from conftest import Tuner, write_study
from sqlalchemy import URL
from test_kills import query, wait_for

from tuner.app.resolve import open_study
from tuner.study.rows import Row

TRIALS = 3
LIMIT = 240  # s, for anything here
SPACE: dict[str, Any] = {
    "algorithm": "sac",
    "parameters": {
        "learning_rate": {"type": "float", "low": 1e-4, "high": 1e-2, "scale": "log"},
        "goal_selection_strategy": {"type": "choice", "choices": ["final", "episode", "future"]},
    },
    "fixed": {
        "replay_buffer": "her",
        "learning_starts": 16,
        "batch_size": 8,
        "train_freq": 4,
        "gradient_steps": 1,
        "net_arch": [8],
    },
}

pytestmark = pytest.mark.slow


@pytest.fixture
def study(tmp_path: Path) -> Path:
    path = write_study(
        tmp_path,
        environment={"id": "observed_toys:ToyGoal-v0"},
        baselines={},
        timesteps=320,
        checkpoints=10,
        trials=TRIALS,
        seed=3,
    )
    (tmp_path / "toy_space.yaml").write_text(yaml.safe_dump(SPACE))
    return path


def rows(storage: str | None = None) -> list[Row]:
    reader = open_study("toy", storage)
    assert reader.spec.chosen_policy == "MultiInputPolicy"
    return [row for row in reader.rows if row.finished]


def test_postgresql_keeps_what_sqlite_keeps(tuner: Tuner, study: Path, postgres: URL) -> None:
    url = postgres.render_as_string(hide_password=False)
    options = f"--trials {TRIALS} --engine inline --skip-check"
    assert tuner(f"run {study} {options} --storage {url}").code == 0
    assert tuner(f"run {study} {options}").code == 0
    here, there = rows(), rows(url)
    assert [row.value for row in here] == [row.value for row in there]
    assert [row.arguments for row in here] == [row.arguments for row in there]
    assert len(here) == TRIALS


@pytest.mark.usefixtures("one_cluster")
def test_over_ray_every_trial_ends_once(tuner: Tuner, study: Path) -> None:
    said = tuner(f"run {study} --trials {TRIALS} --engine ray --ray-address local --workers 2")
    assert said.code == 0, said.err
    assert [row.number for row in rows()] == [*range(TRIALS)]


def test_after_kill_9_the_same_command_ends_with_exactly_n(study: Path) -> None:
    command = [sys.executable, "-m", "tuner", "run", str(study), "--trials", str(TRIALS), "--workers", "2"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: bool(query(study.parent, "SELECT * FROM trials WHERE state = 'COMPLETE'")), process)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=LIMIT)
    again = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False)
    assert again.returncode == 0, again.stderr
    audit(f"sqlite:///{study.parent}/studies/tuner.db", "toy", TRIALS)
