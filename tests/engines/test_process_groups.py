"""Workers end with their coordinator, and what environments started ends with the worker."""

import os
import pickle
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from conftest import make_job, write_study
from driving import LONG, gone, kill_workers, until_next, wait_for

from tuner.engines.base import Evaluated, Finished
from tuner.engines.hang_detector import HangDetector
from tuner.engines.processes import ProcessEngine
from tuner.records import EnvironmentRef

LONG_STUDY: dict[str, Any] = {"timesteps": 10_000_000, "checkpoints": 20}

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _none_left(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TUNER_TOY", f"simulator-{uuid.uuid4().hex}")  # other tests have their own
    yield
    for pid in simulators():
        os.kill(pid, signal.SIGKILL)


def simulators() -> list[int]:
    """The processes that the toy's environments have started and that still run."""
    found = psutil.process_iter(["cmdline", "status"])
    return [
        one.pid
        for one in found
        if any(os.environ["TUNER_TOY"] in word for word in one.info["cmdline"] or ())
        and one.info["status"] != psutil.STATUS_ZOMBIE
    ]


@pytest.mark.parametrize("end", ["hang", "death", "kill", "stop", "memory"])
def test_what_an_environment_started_ends_with_its_worker(toys: None, end: str) -> None:
    assert simulators() == []
    detector = HangDetector(timeout=3.0 if end == "hang" else 600.0)
    engine = ProcessEngine(1, hang_detector=detector, memory=10**7 if end == "memory" else None)
    try:
        environment = EnvironmentRef(id="odd_toys:Simulator", kwargs={"fault": end})
        engine.start(make_job(environment=environment, **LONG))
        if end in ("kill", "stop"):
            assert wait_for(lambda: simulators() != [])
        if end == "kill":
            kill_workers(engine)
        if end != "stop":
            while isinstance(event := until_next(engine), Evaluated):  # sent before the end
                pass
            assert isinstance(event, Finished)
            assert event.outcome.state == "failed"
    finally:
        engine.stop()
    assert wait_for(lambda: simulators() == [], 2.0)


COORDINATOR = """
import pickle, sys, time
from tuner.engines.base import Evaluated
from tuner.engines.processes import ProcessEngine
from tuner.records import Decision

if __name__ == "__main__":
    engine = ProcessEngine(2)
    for job in pickle.load(sys.stdin.buffer):
        engine.start(job)
    waiting = 2
    while waiting:
        waiting -= sum(isinstance(event, Evaluated) for event in engine.wait(1.0))
    engine.answer(0, Decision(go_on=True))  # one trains on, the other waits for its answer
    print(*(worker.child.pid for worker in engine._pool), flush=True)
    time.sleep(600)
"""


def test_workers_end_with_a_killed_coordinator(tmp_path: Path) -> None:
    script = tmp_path / "coordinator.py"
    script.write_text(COORDINATOR)
    simulator = EnvironmentRef(id="odd_toys:Simulator")
    jobs = [make_job(number=number, environment=simulator, **LONG) for number in (0, 1)]
    with subprocess.Popen([sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as coordinator:
        pids = _pids_of_workers(coordinator, pickle.dumps(jobs))
        alive = [pid for pid in pids if not gone(pid)]
        coordinator.kill()
    assert len(alive) == 2
    assert wait_for(lambda: simulators() == [], 2.0)
    assert wait_for(lambda: all(gone(pid) for pid in pids))


def _pids_of_workers(coordinator: "subprocess.Popen[Any]", jobs: bytes) -> list[int]:
    assert coordinator.stdin is not None
    assert coordinator.stdout is not None
    coordinator.stdin.write(jobs)
    coordinator.stdin.close()
    return [int(word) for word in coordinator.stdout.readline().split()]


def test_ctrl_c_leaves_nothing_of_an_environment(toys: None, tmp_path: Path) -> None:
    study = write_study(tmp_path, environment={"id": "odd_toys:Simulator"}, **LONG_STUDY)
    command = [sys.executable, "-m", "tuner", "run", str(study), "--workers", "1", "--skip-check"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as run:
        assert run.stderr is not None
        begun = any("trials on 1 worker" in line for line in run.stderr)
        seen = wait_for(lambda: simulators() != [])
        run.send_signal(signal.SIGINT)
        run.communicate(timeout=60)
    assert (begun, seen, run.returncode) == (True, True, 130)
    assert wait_for(lambda: simulators() == [], 2.0)
