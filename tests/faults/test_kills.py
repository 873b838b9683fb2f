"""After any kill, the same command ends with exactly N finished trials, none twice, none left running."""

import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from audit import audit
from conftest import Tuner, write_study
from driving import children

TRIALS = 4
LIMIT = 240  # s, for anything here

pytestmark = pytest.mark.slow


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A study whose trials take seconds: long enough to be killed in."""
    return write_study(tmp_path, timesteps=6_400, checkpoints=20)


def start(study: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tuner", "run", str(study), "--trials", str(TRIALS), "--workers", "2", *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def confirm() -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tuner", "confirm", "toy", "--top", "1", "--seeds", "2", "--workers", "2"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(study: Path) -> str:
    process = start(study)
    out, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, err
    return out + err


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)


def query(folder: Path, text: str) -> list[Any]:
    path = folder / "studies" / "tuner.db"
    if not path.exists():
        return []
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)
    try:
        return database.execute(text).fetchall()
    except sqlite3.OperationalError:  # the schema is being made
        return []
    finally:
        database.close()


def reports(folder: Path) -> int:
    found = query(folder, "SELECT count(*) FROM trial_intermediate_values")
    return int(found[0][0]) if found else 0


def environments(worker: psutil.Process) -> list[psutil.Process]:
    return children("tuner-env", worker.pid, recursive=True)


def workers(process: subprocess.Popen[str] | psutil.Process) -> list[psutil.Process]:
    return children("tuner-worker", process.pid, recursive=True)


def prove_exact(folder: Path) -> dict[str, int]:
    """Counts from the database alone; returns the number of trials by state."""
    return audit(f"sqlite:///{folder / 'studies' / 'tuner.db'}", "toy", TRIALS).states


def test_a_killed_worker_costs_one_trial_that_runs_again(study: Path, tmp_path: Path) -> None:
    process = start(study)
    wait_for(lambda: reports(tmp_path) >= 2, process)
    workers(process)[0].kill()
    _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, err
    assert "failed (the worker process died (signal 9))" in err
    assert prove_exact(tmp_path)["FAIL"] == 1


def test_a_killed_coordinator_ends_its_workers_and_the_run_resumes(study: Path, tmp_path: Path) -> None:
    process = start(study)
    wait_for(lambda: reports(tmp_path) >= 2, process)
    orphans = workers(process)
    process.kill()
    process.communicate(timeout=LIMIT)
    _, alive = psutil.wait_procs(orphans, timeout=15)
    assert not alive
    said = finish(study)
    assert "of an earlier run will run again" in said
    assert prove_exact(tmp_path)["FAIL"] >= 1
    assert "Nothing to do" in finish(study)


@pytest.mark.parametrize(
    ("engine", "how", "code"),
    [("processes", signal.SIGINT, 130), ("inline", signal.SIGINT, 130), ("processes", signal.SIGTERM, 143)],
    ids=["processes", "inline", "a service manager's stop"],
)
def test_ctrl_c_keeps_what_is_finished_says_how_to_resume_and_exits_130(
    study: Path, tmp_path: Path, engine: str, how: signal.Signals, code: int
) -> None:
    process = start(study, "--engine", engine)
    wait_for(lambda: reports(tmp_path) >= 2, process)
    orphans = workers(process)
    process.send_signal(how)
    _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == code
    assert "Run the same command to resume" in err
    assert "Traceback" not in err
    assert not psutil.wait_procs(orphans, timeout=15)[1]
    assert not query(tmp_path, "SELECT 1 FROM trials WHERE state = 'RUNNING'")
    finish(study)
    prove_exact(tmp_path)


def test_a_second_coordinator_is_refused_at_once(tmp_path: Path) -> None:
    study = write_study(tmp_path, timesteps=320_000, checkpoints=20)  # the first has not ended when the second asks
    first = start(study)
    wait_for(lambda: reports(tmp_path) >= 1, first)
    second = start(study)
    _, err = second.communicate(timeout=LIMIT)
    assert second.returncode == 1
    assert f"is being worked on by process {first.pid}" in err
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=LIMIT)


def test_a_worker_that_always_dies_stops_the_run_with_the_study_intact(tmp_path: Path) -> None:
    path = write_study(tmp_path, environment={"id": "tuner_toys:ToyDying-v0"}, timesteps=6_400, checkpoints=20)
    process = start(path)
    _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 1
    assert "failed 3 times" in err or "5 failures in a row" in err
    assert "Traceback" not in err
    assert not query(tmp_path, "SELECT 1 FROM trials WHERE state = 'RUNNING'")


@pytest.mark.long
def test_a_run_in_stages_killed_in_the_second_resumes_there(tmp_path: Path) -> None:
    rate = {"type": "float", "low": 1e-4, "high": 1e-3, "scale": "log"}
    steps = {"type": "int", "low": 16, "high": 64, "scale": "power_of_two"}
    stages = [{"parameters": {"learning_rate": rate}}, {"parameters": {"n_steps": steps}}]
    study = write_study(tmp_path, timesteps=6_400, checkpoints=20, stages=stages)
    second = "FROM trials JOIN studies USING (study_id) WHERE study_name = 'toy-2-n_steps'"
    process = start(study)
    wait_for(lambda: len(query(tmp_path, f"SELECT 1 {second} AND state = 'RUNNING'")) > 0, process)
    process.kill()
    process.communicate(timeout=LIMIT)
    assert "2 of 2 stages finished" in finish(study)
    finished = (
        "SELECT study_name, count(*) FROM trials JOIN studies USING (study_id) WHERE state IN ('COMPLETE', 'PRUNED')"
    )
    assert query(tmp_path, f"{finished} GROUP BY study_name ORDER BY study_name") == [
        ("toy-1-learning_rate", TRIALS),
        ("toy-2-n_steps", TRIALS),
    ]


def test_a_run_killed_in_its_finals_resumes_there(tmp_path: Path) -> None:
    study = write_study(tmp_path, timesteps=3200, checkpoints=10, finals=0.5)
    command = [sys.executable, "-m", "tuner", "run", str(study), "--trials", "12", "--workers", "2"]
    repeats = "SELECT 1 FROM trial_user_attributes WHERE key = 'repeat_of'"
    for begun in (2, 5, None):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if begun is not None:
            wait_for(lambda: len(query(tmp_path, repeats)) >= begun, process)  # noqa: B023 - is called at once
            orphans = workers(process)
            process.kill()
            assert not psutil.wait_procs(orphans, timeout=15)[1]
        _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, err
    audit(f"sqlite:///{tmp_path / 'studies' / 'tuner.db'}", "toy", 12)
    finished = "trial_id IN (SELECT trial_id FROM trials WHERE state IN ('COMPLETE', 'PRUNED'))"
    assert len(query(tmp_path, f"{repeats} AND {finished}")) == 6


def test_a_killed_confirmation_resumes_with_exactly_the_runs_that_are_missing(tuner: Tuner, tmp_path: Path) -> None:
    study = write_study(tmp_path, timesteps=3200, checkpoints=10)
    assert tuner(f"run {study} --trials 3 --engine inline").code == 0
    trials = "FROM trials JOIN studies USING (study_id) WHERE study_name = 'toy-confirm'"
    process = confirm()
    wait_for(lambda: len(query(tmp_path, f"SELECT 1 {trials} AND state = 'COMPLETE'")) >= 2, process)
    orphans = workers(process)
    process.kill()
    process.communicate(timeout=LIMIT)
    assert not psutil.wait_procs(orphans, timeout=15)[1]
    process = confirm()
    _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, err
    assert "of an earlier confirmation will run again" in err
    assert not query(tmp_path, f"SELECT 1 {trials} AND state IN ('RUNNING', 'WAITING')")
    ids = {number for (number,) in query(tmp_path, f"SELECT trial_id {trials} AND state = 'COMPLETE'")}
    runs: dict[int, dict[str, Any]] = {number: {} for number in ids}
    for number, key, value in query(tmp_path, "SELECT trial_id, key, value_json FROM trial_user_attributes"):
        if number in ids:
            runs[number][key] = json.loads(value)
    keys = Counter((run["phase"], run["configuration"], run["seed"]) for run in runs.values())
    assert set(keys.values()) == {1}
    assert f"{len(runs)}/{len(runs)} done" in err
    tests = Counter(run["arm"] for run in runs.values() if run["phase"] == "test")
    assert set(tests.values()) == {2}
    assert {"current", "proposed"} <= tests.keys()


@pytest.mark.long
def test_killed_environments_cost_one_trial_and_none_outlives_its_worker(tmp_path: Path) -> None:
    """A project's own class, `envs.arm:Arm`, each environment in a process of its own."""
    (tmp_path / "envs").mkdir()
    (tmp_path / "envs" / "__init__.py").touch()
    (tmp_path / "envs" / "arm.py").write_text("from tuner_toys import Line\n\n\nclass Arm(Line):\n    pass\n")
    place = {"id": "envs.arm:Arm", "kwargs": {"scale": 2.0}, "n_envs": 2, "vec_env": "subproc"}
    process = start(write_study(tmp_path, environment=place, timesteps=102_400, checkpoints=20), "--workers", "1")
    wait_for(lambda: reports(tmp_path) >= 1, process)
    [worker] = workers(process)
    first = environments(worker)
    assert len(first) == 4  # two to train in, two to evaluate in
    first[0].kill()
    failed = "SELECT value_json FROM trial_user_attributes WHERE value_json LIKE '%process died in step%'"
    wait_for(lambda: bool(query(tmp_path, failed)), process)
    wait_for(lambda: len(environments(worker)) >= 2, process)  # of the next trial
    _, alive = psutil.wait_procs(first, timeout=15)
    assert not alive
    orphans = environments(worker)
    worker.kill()
    _, alive = psutil.wait_procs(orphans, timeout=15)
    assert not alive
    process.kill()
    process.communicate(timeout=LIMIT)
