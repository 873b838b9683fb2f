"""Errors around a run: once the cause is fixed, the same command ends with exactly N finished trials."""

import signal
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from audit import audit
from conftest import Tuner, write_study
from test_kills import LIMIT, TRIALS, finish, query, reports, start, wait_for, workers

INLINE = "--engine inline"

pytestmark = pytest.mark.slow

MOODY = """
import time
from pathlib import Path
from tuner_toys import Line

MOOD = Path("mood")

def has(word):
    return MOOD.exists() and MOOD.read_text() == word

class Arm(Line):
    def reset(self, **kwargs):
        if has("reset"):
            raise RuntimeError("the gripper fell off")
        return super().reset(**kwargs)

    def step(self, action):
        if has("step"):
            raise RuntimeError("the gripper fell off")
        if has("memory"):
            raise MemoryError("Unable to allocate 1.00 PiB")
        while has("hang"):
            time.sleep(0.05)
        observation, *rest = super().step(action)
        if has("nan"):
            observation = observation * float("nan")
        return observation, *rest

    def close(self):
        if has("close"):
            raise RuntimeError("the gripper fell off")
"""


def prove(folder: Path, trials: int = TRIALS) -> dict[str, int]:
    return audit(f"sqlite:///{folder / 'studies' / 'tuner.db'}", "toy", trials).states


def values(folder: Path, trials: int = TRIALS) -> dict[int, float | None]:
    return audit(f"sqlite:///{folder / 'studies' / 'tuner.db'}", "toy", trials).values


@pytest.fixture
def mood(tmp_path: Path) -> Path:
    """A file that names the error of the study's environment."""
    (tmp_path / "arm.py").write_text(MOODY)
    return tmp_path / "mood"


@pytest.fixture
def moody(mood: Path, tmp_path: Path) -> Path:
    return write_study(tmp_path, environment={"id": "arm.py:Arm"}, timesteps=1280, checkpoints=10)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("reset", "the gripper fell off"),
        ("step", "the gripper fell off"),
        ("close", "the gripper fell off"),
        ("memory", "Unable to allocate 1.00 PiB"),
    ],
)
def test_an_environment_that_raises_stops_the_run_with_its_message(
    tuner: Tuner, moody: Path, mood: Path, tmp_path: Path, word: str, said: str
) -> None:
    assert tuner(f"run {moody} --trials 2 {INLINE}").code == 0  # the environment check found no problem
    before = values(tmp_path, 2)
    mood.write_text(word)
    failed = tuner(f"run {moody} --trials 8 {INLINE}")
    assert failed.code == 1, failed.err
    assert said in failed.err
    assert "Traceback" not in failed.err
    assert "then rerun to resume" in failed.err
    assert not query(tmp_path, "SELECT 1 FROM trials WHERE state = 'RUNNING'")
    mood.unlink()
    assert tuner(f"run {moody} --trials 8 {INLINE}").code == 0
    assert prove(tmp_path, 8)["FAIL"] >= 3
    assert before.items() <= values(tmp_path, 8).items()


def test_an_environment_that_returns_nan_costs_its_trials_and_not_the_run(
    tuner: Tuner, moody: Path, mood: Path, tmp_path: Path
) -> None:
    assert tuner(f"run {moody} --trials 2 {INLINE}").code == 0
    mood.write_text("nan")
    process = start(moody)  # here, where no warning is an error
    _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, err
    assert "not finite" in err
    assert prove(tmp_path) == {"COMPLETE": 2, "PRUNED": 2}


@pytest.mark.long
def test_a_trial_that_hangs_is_killed_after_a_minute_and_runs_again(
    tuner: Tuner, moody: Path, mood: Path, tmp_path: Path
) -> None:
    assert tuner(f"run {moody} --trials 2 {INLINE}").code == 0
    process = start(moody, "--trials", "12")
    wait_for(lambda: len(query(tmp_path, "SELECT 1 FROM trials WHERE state = 'COMPLETE'")) >= 4, process)
    mood.write_text("hang")
    failed = "SELECT value_json FROM trial_user_attributes WHERE value_json LIKE '%worker unresponsive for%'"
    wait_for(lambda: bool(query(tmp_path, failed)), process)
    mood.unlink()
    _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, err
    assert "s; killed" in err
    assert prove(tmp_path, 12)["FAIL"] >= 1


@pytest.mark.parametrize("seconds", [2, pytest.param(61, marks=pytest.mark.long)])
def test_a_stopped_run_continues(tmp_path: Path, seconds: int) -> None:
    study = write_study(tmp_path, timesteps=6_400, checkpoints=20)
    process = start(study)
    wait_for(lambda: reports(tmp_path) >= 2, process)
    stopped = [psutil.Process(process.pid), *workers(process)]
    for one in stopped:
        one.send_signal(signal.SIGSTOP)
    time.sleep(seconds)
    for one in stopped:
        one.send_signal(signal.SIGCONT)
    _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, err
    assert "FAIL" not in prove(tmp_path)


def test_a_run_killed_as_a_whole_resumes(tmp_path: Path) -> None:
    study = write_study(tmp_path, timesteps=6_400, checkpoints=20)
    process = start(study)
    wait_for(lambda: reports(tmp_path) >= 2, process)
    for one in [*workers(process), psutil.Process(process.pid)]:
        one.kill()
    process.communicate(timeout=LIMIT)
    finish(study)
    assert prove(tmp_path)["FAIL"] >= 1


def test_a_space_that_was_edited_in_between_is_refused_and_nothing_is_lost(tuner: Tuner, tmp_path: Path) -> None:
    study = write_study(tmp_path)
    assert tuner(f"run {study} --trials 2 {INLINE}").code == 0
    before = values(tmp_path, 2)
    space = tmp_path / "toy_space.yaml"
    text = space.read_text()
    space.write_text(text.replace("0.01", "0.02"))
    assert space.read_text() != text
    refused = tuner(f"run {study} --trials {TRIALS} {INLINE}")
    assert refused.code == 1
    assert "learning_rate" in refused.err
    assert "Traceback" not in refused.err
    assert values(tmp_path, 2) == before
    space.write_text(text)
    assert tuner(f"run {study} --trials {TRIALS} {INLINE}").code == 0
    assert before.items() <= values(tmp_path).items()


@pytest.mark.long
def test_a_worker_that_takes_too_much_fails_with_the_way_out(tmp_path: Path) -> None:
    hungry: dict[str, Any] = {"id": "tuner_toys:ToyHungry-v0"}
    study = write_study(tmp_path, environment=hungry, timesteps=12_800, checkpoints=20)
    process = start(study, "--memory", "1", "--skip-check")
    _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 1, err
    assert "over the --memory limit of 1 GB; killed" in err
    assert not query(tmp_path, "SELECT 1 FROM trials WHERE state = 'RUNNING'")
