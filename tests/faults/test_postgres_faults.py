"""After server stops and lost connections, a run has exactly N trials, none twice, none left running."""

import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Tuner, write_study
from servers import Server
from sqlalchemy.engine import URL

from tuner.study.storage import open_to_read
from tuner.study.stored import load_stored

TRIALS = 6
LIMIT = 240  # s, for anything here

pytestmark = pytest.mark.slow


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return write_study(tmp_path, timesteps=6400, checkpoints=10)


def start(study: Path, url: URL) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tuner", "run", str(study), "--trials", str(TRIALS), "--workers", "2"]
    command += ["--skip-check", "--storage", url.render_as_string(hide_password=False)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def reports(server: Server, url: URL) -> int:
    with server.session(str(url.database)) as session:
        row = session.execute("SELECT to_regclass('trial_intermediate_values')").fetchone()
        if row is None or row[0] is None:
            return 0
        found = session.execute("SELECT count(*) FROM trial_intermediate_values").fetchone()
    return int(found[0]) if found else 0


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)


def prove_exact(url: URL) -> None:
    study, _ = load_stored(open_to_read(url), "toy")
    trials = study.get_trials()
    states = Counter(trial.state.name for trial in trials)
    assert states["COMPLETE"] + states["PRUNED"] == len(trials) == TRIALS
    assert len({trial.user_attrs["seed"] for trial in trials}) == TRIALS
    assert Counter(trial.user_attrs.get("role") for trial in trials)["baseline:current"] == 1


def test_a_server_that_stops_and_comes_back_costs_no_trial(server: Server, postgres: URL, study: Path) -> None:
    process = start(study, postgres)
    wait_for(lambda: reports(server, postgres) >= 3, process)
    server.halt()
    try:
        time.sleep(3)
        assert process.poll() is None
    finally:
        server.start()
    _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, err
    assert err.count(" unavailable (") == err.count(" available again after ") == 1
    prove_exact(postgres)


def test_connections_that_are_ended_again_and_again_cost_no_trial(server: Server, postgres: URL, study: Path) -> None:
    process = start(study, postgres)
    wait_for(lambda: reports(server, postgres) >= 1, process)
    while process.poll() is None:
        server.end_sessions(str(postgres.database))
        time.sleep(0.2)
    _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, err
    prove_exact(postgres)


def test_a_second_coordinator_is_refused_and_a_killed_one_is_replaced(
    server: Server, postgres: URL, study: Path
) -> None:
    first = start(study, postgres)
    wait_for(lambda: reports(server, postgres) >= 1, first)
    first.send_signal(signal.SIGSTOP)  # so that it cannot finish meanwhile
    second = start(study, postgres)
    _, err = second.communicate(timeout=LIMIT)
    assert second.returncode == 1, err
    assert f"is being worked on by process {first.pid} on " in err
    first.send_signal(signal.SIGKILL)
    first.communicate(timeout=LIMIT)
    third = start(study, postgres)
    _, err = third.communicate(timeout=LIMIT)
    assert third.returncode == 0, err
    assert "of an earlier run will run again" in err


def test_every_command_works_on_postgresql(tuner: Tuner, postgres: URL, tmp_path: Path) -> None:
    study = write_study(tmp_path)
    where = f"--storage '{postgres.render_as_string(hide_password=False)}'"
    assert tuner(f"run {study} --trials 3 --engine inline --skip-check {where}").code == 0
    assert "3 of 3 trials finished" in tuner(f"status toy {where}").out
    assert "Trial " in tuner(f"show best --study toy {where}").out
    assert tuner(f"export toy -o best.yml {where}").code == 0
    assert "provenance" in (tmp_path / "best.yml").read_text()
    assert tuner(f"export toy --model best.zip {where}").code == 0
    assert (tmp_path / "best.zip").stat().st_size > 0
    assert list((tmp_path / "studies").iterdir()) == [tmp_path / "studies" / f"{postgres.database}.artifacts"]
    confirmed = tuner(f"confirm toy --top 1 --seeds 2 --engine inline {where}")
    assert confirmed.code == 0, confirmed.err
    assert "Nothing to do" in tuner(f"run {study} --trials 3 {where}").err
