"""Worker processes that die, raise or are stopped while warming up."""

import multiprocessing
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import make_job
from driving import completes, drive, gone, process_ids, wait_for

from tuner.engines.base import Broken, Finished
from tuner.engines.processes import ProcessEngine
from tuner.records import EnvironmentRef

UNKNOWN = EnvironmentRef(id="tuner_toys:ToyNothing-v0")

pytestmark = pytest.mark.slow

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
    (pid,) = process_ids(engine)
    try:
        assert wait_for(lambda: made() == 1 and pid not in {child.pid for child in multiprocessing.active_children()})
        assert completes(engine, make_job(environment=DEADLY_REF))
        assert process_ids(engine) != [pid]
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


def test_an_error_while_warming_up_is_reported_by_the_first_job() -> None:
    engine = ProcessEngine(1, warm=UNKNOWN)
    engine.prepare(1)
    pids = process_ids(engine)
    try:
        end = drive(engine, make_job(environment=UNKNOWN))[-1]
        assert isinstance(end, Broken)
        assert "ToyNothing-v0" in str(end.error)
        assert completes(engine, make_job())
        assert process_ids(engine) == pids
    finally:
        engine.stop()


def test_stopping_ends_workers_that_still_warm_up() -> None:
    engine = ProcessEngine(2, warm=EnvironmentRef(id="tuner_toys:ToyLine-v0"))
    engine.prepare(2)
    pids = process_ids(engine)
    engine.stop()
    assert all(gone(pid) for pid in pids)
