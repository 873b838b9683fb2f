"""Processes are started from a server that has loaded torch, and are what spawned ones would be."""

import os
import signal
import subprocess
import sys
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import make_job
from driving import children, completes, gone, process_ids, until_next, wait_for

from tuner.engines.base import Evaluated, Finished
from tuner.engines.processes import ProcessEngine, run_once
from tuner.records import Decision
from tuner.training import starting

SERVER: Any = forkserver._forkserver

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not starting.FORKED, reason="processes are forked on Linux alone")]


def loaded(name: str) -> bool:
    return name in sys.modules


def drawn() -> float:
    return float(np.random.uniform())


def written(text: str) -> None:
    os.write(1, b"out " + text.encode())
    os.write(2, b"err " + text.encode())


def test_a_process_begins_with_torch_loaded() -> None:
    assert run_once(loaded, "torch._dynamo")
    assert run_once(loaded, "tuner.trial")


def test_processes_draw_differently_without_a_seed() -> None:
    assert run_once(drawn) != run_once(drawn)


def test_a_process_has_the_variables_and_the_folder_of_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for text in ("first", "second"):
        (tmp_path / text).mkdir()
        monkeypatch.chdir(tmp_path / text)
        monkeypatch.setenv("OF_NOW", text)
        assert run_once(os.getenv, "OF_NOW") == text
        assert run_once(os.getcwd) == str(tmp_path / text)
    monkeypatch.delenv("OF_NOW")
    assert run_once(os.getenv, "OF_NOW") is None


def test_a_process_writes_to_the_standard_error_of_now(capfd: pytest.CaptureFixture[str]) -> None:
    run_once(written, "hello")
    assert capfd.readouterr() == ("", "out helloerr hello")  # standard output is for results


def test_it_starts_though_this_process_has_no_standard_output() -> None:
    """As under a service manager that closes it."""
    code = "import os; os.close(1); from tuner.engines.processes import run_once; assert run_once(os.getcwd)"
    done = subprocess.run([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("folder", ["far/" * 40, "missing"], ids=["a long path", "no folder"])
def test_where_the_server_has_no_place_for_its_socket_processes_are_spawned(tmp_path: Path, folder: str) -> None:
    (tmp_path / ("far/" * 40)).mkdir(parents=True)
    code = (
        "import sys, tempfile; tempfile.tempdir = sys.argv[1]; from tuner.engines.processes import run_once; "
        "import os; assert run_once(os.getcwd)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / folder)]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")


IN_A_FOLDER = """
import os, sys
sys.path[:] = [entry for entry in sys.path if entry]
from tuner.engines.processes import run_once
from tuner.training import starting
starting.FORKED = sys.argv[1] == "forked"
assert run_once(os.getcwd) == os.getcwd()
"""
SHADOWS = ["tuner.py", "yaml.py", "statistics.py", "gymnasium/__init__.py", "signal.py", "threading.py", "warnings.py"]


@pytest.mark.parametrize("name", SHADOWS)
@pytest.mark.parametrize("way", ["forked", "spawned"])
def test_no_process_imports_from_the_current_folder(tmp_path: Path, name: str, way: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("import os\n\nos.mkdir('ran')\n")
    command = [sys.executable, "-c", IN_A_FOLDER, way]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert not (tmp_path / "ran").exists()


def test_a_killed_server_costs_no_trial_and_is_replaced() -> None:
    engine = ProcessEngine(1)
    try:
        engine.start(make_job(number=0))
        assert isinstance(until_next(engine), Evaluated)
        server = SERVER._forkserver_pid
        assert server is not None
        os.kill(server, signal.SIGKILL)
        assert wait_for(lambda: gone(server))
        engine.answer(0, Decision(go_on=True))
        assert isinstance(until_next(engine), Evaluated)
        engine.answer(0, Decision(go_on=True))
        end = until_next(engine)
        assert isinstance(end, Finished)
        assert end.outcome.state == "completed"
        (worker,) = process_ids(engine)
        engine.stop()
        assert wait_for(lambda: gone(worker))
        assert completes(engine, make_job(number=1))
        assert SERVER._forkserver_pid != server
    finally:
        engine.stop()


def test_processes_bear_their_names() -> None:
    engine = ProcessEngine(1)
    try:
        engine.prepare(1)
        assert wait_for(lambda: [one.pid for one in children("tuner-worker", recursive=True)] == process_ids(engine))
    finally:
        engine.stop()


def test_no_other_user_reaches_the_server() -> None:
    """Who reaches its socket runs code as its user."""
    run_once(os.getcwd)
    address = SERVER._forkserver_address
    assert isinstance(address, str)
    assert not address.startswith("\0")  # a name without a file, which every user may connect to
    assert Path(address).parent.stat().st_mode & 0o077 == 0
