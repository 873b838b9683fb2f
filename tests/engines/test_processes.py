"""The process engine beyond the contract of all engines: dead and unresponsive workers, memory, warm-up, exit."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from conftest import make_job
from driving import LONG, TIMEOUT, completes, drive, gone, kill_workers, process_ids, until_next, wait_for

from tuner.engines.base import Evaluated, Finished
from tuner.engines.hang_detector import FIRST_LIMIT, HangDetector
from tuner.engines.processes import ProcessEngine
from tuner.records import Checkpoint, Decision, EnvironmentRef

UNKNOWN = EnvironmentRef(id="tuner_toys:ToyNothing-v0")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def processes(toys: None) -> Iterator[ProcessEngine]:
    made = ProcessEngine(2)
    made.prepare(2)
    yield made
    made.stop()


def test_a_worker_runs_one_job_after_another(processes: ProcessEngine) -> None:
    assert completes(processes, make_job(number=0))
    pids = process_ids(processes)
    assert completes(processes, make_job(number=1))
    assert process_ids(processes) == pids
    assert len(pids) == processes.workers


def test_as_many_workers_as_there_are_jobs_for_are_there_before_the_first() -> None:
    engine = ProcessEngine(3)
    assert process_ids(engine) == []
    engine.prepare(2)
    engine.prepare(1)
    pids = process_ids(engine)
    try:
        assert len(set(pids)) == 2
        assert completes(engine, make_job())
        assert process_ids(engine) == pids
    finally:
        engine.stop()
    assert wait_for(lambda: all(gone(pid) for pid in pids))


def test_two_jobs_run_in_parallel(processes: ProcessEngine) -> None:
    processes.start(make_job(number=0))
    processes.start(make_job(number=1))
    waiting = {until_next(processes).number, until_next(processes).number}  # both wait before any is answered
    assert waiting == {0, 1}
    states = []
    for number in (1, 0):
        processes.answer(number, Decision(go_on=False))
        event = until_next(processes)
        assert isinstance(event, Finished)
        states.append((event.number, event.outcome.state))
    assert states == [(1, "stopped"), (0, "stopped")]
    assert len(process_ids(processes)) == 2


def test_a_worker_killed_in_a_trial_is_a_failed_outcome(processes: ProcessEngine) -> None:
    processes.start(make_job(number=4, **LONG))
    assert isinstance(until_next(processes), Evaluated)
    kill_workers(processes)
    end = until_next(processes)
    assert isinstance(end, Finished)
    assert (end.number, end.outcome.state) == (4, "failed")
    assert f"signal {int(signal.SIGKILL)}" in end.outcome.reason
    assert completes(processes, make_job(number=5))


def test_a_worker_that_hangs_is_killed_and_the_next_job_runs(toys: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tuner.engines.hang_detector.LEAST_LIMIT", 6.0)
    engine = ProcessEngine(1, warm=EnvironmentRef(id="tuner_toys:ToyLine-v0"))
    try:
        for number in range(2):  # two evaluations and an outcome each, so that the median is known
            assert completes(engine, make_job(number=number))
        [before] = process_ids(engine)
        end = drive(engine, make_job(number=2, environment=EnvironmentRef(id="tuner_toys:ToyHanging-v0")))[-1]
        assert isinstance(end, Finished)
        assert (end.number, end.outcome.state) == (2, "failed")
        assert end.outcome.reason.startswith("worker unresponsive for ")
        assert "10 times the median between evaluations" in end.outcome.reason
        assert gone(before)
        assert completes(engine, make_job(number=3))
    finally:
        engine.stop()


def test_a_worker_that_steps_is_not_unresponsive_however_long_an_evaluation_takes(toys: None) -> None:
    warm = EnvironmentRef(id="tuner_toys:ToyLine-v0")
    engine = ProcessEngine(1, warm=warm, hang_detector=HangDetector(timeout=3.0))
    try:
        job = make_job(environment=EnvironmentRef(id="odd_toys:Sluggish"), timesteps=16)
        begun = time.monotonic()
        events = drive(engine, replace(job, checkpoints=(Checkpoint(step=16, goals=4),)))
        assert isinstance(events[-1], Finished)
        assert events[-1].outcome.state == "completed", events[-1].outcome.reason
        assert time.monotonic() - begun > 6.0
    finally:
        engine.stop()


def test_short_measurements_do_not_count_in_the_median(processes: ProcessEngine) -> None:
    engine = ProcessEngine(1, warm=EnvironmentRef(id="tuner_toys:ToyLine-v0"))
    try:
        for _ in range(4):
            assert completes(engine, make_job(number=-1))
        assert engine._hang_detector.limit == FIRST_LIMIT
        for number in range(2):
            assert completes(engine, make_job(number=number))
        assert engine._hang_detector.limit < FIRST_LIMIT
    finally:
        engine.stop()


def test_a_stopped_worker_is_waited_for(toys: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tuner.engines.hang_detector.LEAST_LIMIT", 6.0)
    engine = ProcessEngine(1, warm=EnvironmentRef(id="tuner_toys:ToyLine-v0"))
    try:
        for number in range(2):
            assert completes(engine, make_job(number=number))
        [pid] = process_ids(engine)
        engine.start(make_job(number=2, **LONG))
        assert isinstance(until_next(engine), Evaluated)
        os.kill(pid, signal.SIGSTOP)
        engine.answer(2, Decision(go_on=False))
        end = time.monotonic() + 9
        while time.monotonic() < end:
            assert engine.wait(0.2) == []
        os.kill(pid, signal.SIGCONT)
        event = until_next(engine)
        assert isinstance(event, Finished)
        assert event.outcome.state == "stopped"
    finally:
        engine.stop()


def test_a_worker_that_takes_too_much_memory_is_killed(toys: None) -> None:
    engine = ProcessEngine(1, memory=1_000_000_000)
    try:
        assert completes(engine, make_job(number=0))
        hungry = make_job(number=1, environment=EnvironmentRef(id="tuner_toys:ToyHungry-v0"), **LONG)
        end = drive(engine, hungry)[-1]
        assert isinstance(end, Finished)
        assert (end.number, end.outcome.state) == (1, "failed")
        assert "over the --memory limit of 1 GB; killed" in end.outcome.reason
        assert completes(engine, make_job(number=2))
    finally:
        engine.stop()


def test_workers_killed_while_idle_are_replaced(processes: ProcessEngine) -> None:
    assert completes(processes, make_job(number=0))
    dead = kill_workers(processes)
    assert completes(processes, make_job(number=1))
    assert not dead & set(process_ids(processes))


def test_a_worker_has_one_thread_and_ignores_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    engine = ProcessEngine(1)
    try:
        engine.start(make_job(environment=EnvironmentRef(id="tuner_toys:ToyThreads-v0")))
        event = until_next(engine)
        (pid,) = process_ids(engine)
        os.kill(pid, signal.SIGINT)
        engine.answer(0, Decision(go_on=False))
        end = until_next(engine)
        variables = psutil.Process(pid).environ()
    finally:
        engine.stop()
    assert isinstance(event, Evaluated)
    assert event.evaluation.distance == 1.0  # this environment's distance is the number of torch's threads
    assert isinstance(end, Finished)
    assert end.outcome.state == "stopped"
    assert (variables["OMP_NUM_THREADS"], variables["MKL_NUM_THREADS"]) == ("1", "1")
    assert os.environ["OMP_NUM_THREADS"] == "4"  # restored
    assert "MKL_NUM_THREADS" not in os.environ


LATE = """
import sys
from multiprocessing import Pipe
from tuner.engines.worker import Ready, work
from tuner.errors import TunerError
from tuner.records import *

class Coordinator:
    def __init__(self):
        self.jobs = [JOB]
    def recv(self):
        self.before = set(sys.modules)
        if not self.jobs:
            raise EOFError
        return self.jobs.pop()
    def send(self, message):
        assert not isinstance(message, TunerError), message.trace
        if isinstance(message, Ready):
            return
        print(len({"torch", "stable_baselines3", "tuner_toys"} & self.before))
        print(*sorted(set(sys.modules) - self.before))

lifeline, other_end = Pipe()
work(Coordinator(), lifeline, JOB.environment)
"""


def test_a_warm_worker_imports_nothing_in_its_first_trial(tmp_path: Path) -> None:
    script = tmp_path / "late.py"
    script.write_text(LATE.replace("JOB", repr(make_job(checkpoints=()))))
    result = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=TIMEOUT)
    assert result.returncode == 0, result.stderr
    assert result.stdout == ""  # prints of a worker go to stderr
    assert result.stderr == "3\n\n"
