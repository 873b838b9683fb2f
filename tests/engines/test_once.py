"""Running one function in a new process."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tuner.checking.check_report import full
from tuner.checking.run_check import run_check
from tuner.engines.processes import run_once
from tuner.errors import EnvironmentFailed, EnvironmentUnusable, WorkerBroke
from tuner.records import EnvironmentRef
from tuner.training.importing import import_module

pytestmark = pytest.mark.slow


def test_it_returns_what_the_function_returns_elsewhere() -> None:
    assert run_once(os.getpid) != os.getpid()
    report = run_once(run_check, EnvironmentRef(id="planted_toys:Healthy"), full(3))
    assert report.verdict == "ok"


def test_known_errors_come_back_as_they_are() -> None:
    with pytest.raises(EnvironmentUnusable, match="no environment called"):
        run_once(run_check, EnvironmentRef(id="planted_toys:Nothing"), full(3))


def test_others_come_back_with_their_traceback() -> None:
    with pytest.raises(WorkerBroke, match="ValueError") as caught:
        run_once(int, "three")
    assert "Traceback" in caught.value.trace


def test_a_death_is_reported() -> None:
    with pytest.raises(EnvironmentFailed, match="signal 9"):
        run_once(signal.raise_signal, signal.SIGKILL)


def test_a_tuner_of_the_users_own_is_not_taken_for_this_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.path", [entry for entry in __import__("sys").path if entry])
    (tmp_path / "tuner.py").write_text("raise RuntimeError('the wrong one')\n")
    (tmp_path / "arms.py").write_text("from planted_toys import Healthy\n")
    import_module("arms")
    report = run_once(run_check, EnvironmentRef(id="arms:Healthy"), full(3))
    assert report.environment == "arms:Healthy"


FIRST = """
import signal
from tuner.engines.processes import run_once
print(signal.SIGINT in run_once(signal.pthread_sigmask, signal.SIG_BLOCK, []))
"""


def test_a_child_hears_no_ctrl_c_even_if_it_is_the_first() -> None:
    said = subprocess.run([sys.executable, "-c", FIRST], capture_output=True, text=True, timeout=120, check=True)
    assert said.stdout == "True\n"
