"""What every engine owes, run over all of them; below it, what processes owe besides."""

import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from conftest import TOYS, make_job

from tuner.engines.base import Broken, Engine, Evaluated, Event, Finished
from tuner.engines.inline import InlineEngine
from tuner.engines.processes import ProcessEngine
from tuner.engines.watching import FIRST_PATIENCE
from tuner.errors import EnvironmentUnusable, WorkerBroke
from tuner.records import Checkpoint, Decision, EnvironmentRef, TrialJob

PATIENCE = 120.0  # s, for anything that has to happen
LONG = {"timesteps": 10_000_000, "checkpoints": (Checkpoint(step=64, goals=1), Checkpoint(step=10_000_000, goals=1))}
UNKNOWN = EnvironmentRef(id="tuner_toys:ToyNothing-v0")

pytestmark = pytest.mark.slow


ENGINES: dict[str, Callable[[], Engine]] = {
    "inline": InlineEngine,
    "processes": lambda: ProcessEngine(2),
    "warmed processes": lambda: ProcessEngine(2, warm=EnvironmentRef(id="tuner_toys:ToyLine-v0")),
}


@pytest.fixture(scope="module")
def toys() -> Iterator[None]:
    """The toy environments for workers that start before a test has its own folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(TOYS))
        yield


@pytest.fixture(scope="module", params=[*ENGINES.values()], ids=[*ENGINES])
def engine(request: pytest.FixtureRequest, toys: None) -> Iterator[Engine]:
    """One for all tests, so that each finds it as the one before left it."""
    made: Engine = request.param()
    made.prepare(2)
    yield made
    made.stop()


@pytest.fixture(scope="module")
def processes(toys: None) -> Iterator[ProcessEngine]:
    made = ProcessEngine(2)
    made.prepare(2)
    yield made
    made.stop()


def until_next(engine: Engine) -> Event:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if events := engine.wait(1.0):
            assert len(events) == 1
            return events[0]
    pytest.fail("no event came")


def drive(engine: Engine, job: TrialJob, *, keep: bool = False) -> list[Event]:
    engine.start(job)
    events = [until_next(engine)]
    while isinstance(event := events[-1], Evaluated):
        engine.answer(event.number, Decision(go_on=True, keep=keep))
        events.append(until_next(engine))
    return events


def completes(engine: Engine, job: TrialJob) -> bool:
    end = drive(engine, job)[-1]
    return isinstance(end, Finished) and end.number == job.number and end.outcome.state == "completed"


def wait_for(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def gone(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def kill_workers(engine: ProcessEngine) -> set[int]:
    pids = set(engine.process_ids())
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    assert wait_for(lambda: not pids & {child.pid for child in multiprocessing.active_children()})
    return pids


def test_a_job_is_evaluated_at_its_checkpoints_and_finishes(engine: Engine) -> None:
    *evaluated, end = drive(engine, make_job(number=3))
    assert [event.evaluation.step for event in evaluated if isinstance(event, Evaluated)] == [64, 128]
    assert isinstance(end, Finished)
    assert (end.number, end.outcome.state, end.outcome.steps) == (3, "completed", 128)
    assert engine.wait(0.1) == []


def test_an_evaluation_waits_for_its_answer(engine: Engine) -> None:
    engine.start(make_job())
    assert isinstance(until_next(engine), Evaluated)
    assert engine.wait(1.0) == []
    engine.answer(0, Decision(go_on=False))
    end = until_next(engine)
    assert isinstance(end, Finished)
    assert end.outcome.state == "stopped"


def test_a_model_comes_back_when_asked_for(engine: Engine) -> None:
    end = drive(engine, make_job(), keep=True)[-1]
    assert isinstance(end, Finished)
    assert end.outcome.model


def test_a_fault_of_the_spec_breaks_the_job_and_not_the_engine(engine: Engine) -> None:
    end = drive(engine, make_job(number=5, environment=UNKNOWN))[-1]
    assert isinstance(end, Broken)
    assert (end.number, type(end.error)) == (5, EnvironmentUnusable)
    assert "ToyNothing-v0" in str(end.error)
    assert completes(engine, make_job(number=6))


def test_an_unexpected_exception_arrives_with_its_trace(engine: Engine) -> None:
    end = drive(engine, make_job(params={"no_such_argument": 1}))[-1]
    assert isinstance(end, Broken)
    assert isinstance(end.error, WorkerBroke)
    assert "TypeError" in str(end.error)
    assert "no_such_argument" in end.error.trace
    assert completes(engine, make_job(number=8))


def test_an_answer_to_a_dead_trial_is_dropped(engine: Engine) -> None:
    assert completes(engine, make_job(number=1))
    engine.answer(1, Decision(go_on=False))
    assert completes(engine, make_job(number=2))


@pytest.mark.parametrize("make", [InlineEngine, lambda: ProcessEngine(1)], ids=["inline", "processes"])
def test_stopping_ends_a_waiting_trial_and_is_harmless_twice(make: Callable[[], Engine]) -> None:
    engine = make()
    before = set(threading.enumerate())
    engine.start(make_job(**LONG))
    assert isinstance(until_next(engine), Evaluated)
    pids = engine.process_ids() if isinstance(engine, ProcessEngine) else []
    engine.stop()
    engine.stop()
    assert wait_for(lambda: set(threading.enumerate()) <= before)
    assert wait_for(lambda: all(gone(pid) for pid in pids))


def test_a_worker_runs_one_job_after_another(processes: ProcessEngine) -> None:
    assert completes(processes, make_job(number=0))
    pids = processes.process_ids()
    assert completes(processes, make_job(number=1))
    assert processes.process_ids() == pids
    assert len(pids) == processes.workers


def test_as_many_workers_as_there_are_jobs_for_are_there_before_the_first() -> None:
    engine = ProcessEngine(3)
    assert engine.process_ids() == []
    engine.prepare(2)
    engine.prepare(1)
    pids = engine.process_ids()
    try:
        assert len(set(pids)) == 2
        assert completes(engine, make_job())
        assert engine.process_ids() == pids
    finally:
        engine.stop()
    assert wait_for(lambda: all(gone(pid) for pid in pids))


def test_two_jobs_run_side_by_side(processes: ProcessEngine) -> None:
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
    assert len(processes.process_ids()) == 2


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
    monkeypatch.setattr("tuner.engines.watching.LEAST_PATIENCE", 6.0)
    engine = ProcessEngine(1, warm=EnvironmentRef(id="tuner_toys:ToyLine-v0"))
    try:
        for number in range(2):  # two evaluations and an outcome each: what is usual is known
            assert completes(engine, make_job(number=number))
        [before] = engine.process_ids()
        end = drive(engine, make_job(number=2, environment=EnvironmentRef(id="tuner_toys:ToyHanging-v0")))[-1]
        assert isinstance(end, Finished)
        assert (end.number, end.outcome.state) == (2, "failed")
        assert end.outcome.reason.startswith("no word from its worker for ")
        assert end.outcome.reason.endswith(" s: it was killed")
        assert gone(before)
        assert completes(engine, make_job(number=3))
    finally:
        engine.stop()


def test_short_measurements_say_nothing_of_what_is_usual(processes: ProcessEngine) -> None:
    engine = ProcessEngine(1, warm=EnvironmentRef(id="tuner_toys:ToyLine-v0"))
    try:
        for _ in range(4):
            assert completes(engine, make_job(number=-1))
        assert engine._patience.limit == FIRST_PATIENCE
        for number in range(2):
            assert completes(engine, make_job(number=number))
        assert engine._patience.limit < FIRST_PATIENCE
    finally:
        engine.stop()


def test_a_stopped_worker_is_waited_for(toys: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tuner.engines.watching.LEAST_PATIENCE", 6.0)
    engine = ProcessEngine(1, warm=EnvironmentRef(id="tuner_toys:ToyLine-v0"))
    try:
        for number in range(2):
            assert completes(engine, make_job(number=number))
        [pid] = engine.process_ids()
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
        assert "more than the 1 GB of --memory: it was killed" in end.outcome.reason
        assert completes(engine, make_job(number=2))
    finally:
        engine.stop()


def test_memory_that_is_not_there_fails_the_job_and_not_the_worker(engine: Engine) -> None:
    end = drive(engine, make_job(number=0, environment=EnvironmentRef(id="tuner_toys:ToyStarved-v0")))[-1]
    assert isinstance(end, Finished)
    assert end.outcome.state == "failed"
    assert "Unable to allocate 1.00 PiB" in end.outcome.reason
    assert completes(engine, make_job(number=1))


def test_workers_killed_while_idle_are_replaced(processes: ProcessEngine) -> None:
    assert completes(processes, make_job(number=0))
    dead = kill_workers(processes)
    assert completes(processes, make_job(number=1))
    assert not dead & set(processes.process_ids())


def test_a_worker_has_one_thread_and_is_deaf_to_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    engine = ProcessEngine(1)
    try:
        engine.start(make_job(environment=EnvironmentRef(id="tuner_toys:ToyThreads-v0")))
        event = until_next(engine)
        (pid,) = engine.process_ids()
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
    result = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=PATIENCE)
    assert result.returncode == 0, result.stderr
    assert result.stdout == ""  # what is printed in a worker is talk
    assert result.stderr == "3\n\n"


DEADLY = """
import os, signal, gymnasium
from pathlib import Path
from tuner_toys import Line

class Deadly(Line):
    def __init__(self, **kwargs):
        super().__init__()
        with Path("made").open("a") as made:
            made.write(".")
        if DIES:
            os.kill(os.getpid(), signal.SIGKILL)

gymnasium.register("Deadly-v0", Deadly)
"""
DEADLY_REF = EnvironmentRef(id="deadly:Deadly-v0")


def deadly(folder: Path, monkeypatch: pytest.MonkeyPatch, dies: str) -> Callable[[], int]:
    """Puts an environment into a folder that workers import from; returns what counts how often it was made."""
    (folder / "deadly.py").write_text(DEADLY.replace("DIES", dies))
    monkeypatch.syspath_prepend(str(folder))
    made = folder / "made"
    return lambda: len(made.read_text()) if made.exists() else 0


def test_a_worker_that_died_warming_up_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = deadly(tmp_path, monkeypatch, dies="len(Path('made').read_text()) == 1")
    engine = ProcessEngine(1, warm=DEADLY_REF)
    engine.prepare(1)
    (pid,) = engine.process_ids()
    try:
        assert wait_for(lambda: made() == 1 and pid not in {child.pid for child in multiprocessing.active_children()})
        assert completes(engine, make_job(environment=DEADLY_REF))
        assert engine.process_ids() != [pid]
    finally:
        engine.stop()


def test_a_worker_that_dies_warming_up_again_and_again_fails_the_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deadly(tmp_path, monkeypatch, dies="True")
    engine = ProcessEngine(1, warm=DEADLY_REF)
    engine.prepare(1)
    try:
        end = drive(engine, make_job(environment=DEADLY_REF))[-1]
        assert isinstance(end, Finished)
        assert end.outcome.state == "failed"
        assert f"signal {int(signal.SIGKILL)}" in end.outcome.reason
    finally:
        engine.stop()


def test_a_fault_while_warming_up_is_told_by_the_first_job() -> None:
    engine = ProcessEngine(1, warm=UNKNOWN)
    engine.prepare(1)
    pids = engine.process_ids()
    try:
        end = drive(engine, make_job(environment=UNKNOWN))[-1]
        assert isinstance(end, Broken)
        assert "ToyNothing-v0" in str(end.error)
        assert completes(engine, make_job())
        assert engine.process_ids() == pids
    finally:
        engine.stop()


def test_stopping_ends_workers_that_still_warm_up() -> None:
    engine = ProcessEngine(2, warm=EnvironmentRef(id="tuner_toys:ToyLine-v0"))
    engine.prepare(2)
    pids = engine.process_ids()
    engine.stop()
    assert all(gone(pid) for pid in pids)


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
    print(*engine.process_ids(), flush=True)
    time.sleep(600)
"""


def test_workers_end_with_a_killed_coordinator(tmp_path: Path) -> None:
    script = tmp_path / "coordinator.py"
    script.write_text(COORDINATOR)
    jobs = [make_job(number=number, **LONG) for number in (0, 1)]
    with subprocess.Popen([sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as coordinator:
        pids = _pids_of_workers(coordinator, pickle.dumps(jobs))
        alive = [pid for pid in pids if not gone(pid)]
        coordinator.kill()
    assert len(alive) == 2
    assert wait_for(lambda: all(gone(pid) for pid in pids))


def _pids_of_workers(coordinator: "subprocess.Popen[Any]", jobs: bytes) -> list[int]:
    assert coordinator.stdin is not None
    assert coordinator.stdout is not None
    coordinator.stdin.write(jobs)
    coordinator.stdin.close()
    return [int(word) for word in coordinator.stdout.readline().split()]
