"""`tuner serve`: three submitted studies, the service killed in the second; a stop; a cancel in mid-run."""

import http.client
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from audit import audit
from conftest import Tuner, write_study
from test_kills import LIMIT, query, workers

from tuner.app.resolve import storage_url
from tuner.study import queue
from tuner.study.storage import open_to_read

NAMES = ("one", "two", "three")

pytestmark = pytest.mark.slow


@contextmanager
def service() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running service and the address of its dashboard."""
    command = [sys.executable, "-m", "tuner", "serve", "--port", "0", "--workers", "2", "--allow-env", "tuner_toys"]
    with Path("service.log").open("a") as log:
        process = subprocess.Popen(command, stderr=log, text=True)
    try:
        begun = time.monotonic()
        while not (found := re.findall(r"http://(127\.0\.0\.1:\d+)", Path("service.log").read_text())):
            assert process.poll() is None
            assert time.monotonic() - begun < LIMIT
            time.sleep(0.1)
        yield process, found[-1]
    finally:
        process.kill()
        process.wait(timeout=LIMIT)


def until(condition: Callable[[], bool]) -> None:
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < LIMIT, Path("service.log").read_text()
        time.sleep(0.1)


def states() -> dict[str, str]:
    return {one.study: one.state for one in queue.submissions(open_to_read(storage_url(None)))}


def reports(folder: Path, study: str) -> int:
    found = query(
        folder,
        "SELECT study_name, count(*) FROM trial_intermediate_values JOIN trials USING (trial_id) "
        "JOIN studies USING (study_id) GROUP BY study_name",
    )
    return int(dict(found).get(study, 0))


def health(address: str) -> dict[str, Any]:
    connection = http.client.HTTPConnection(address, timeout=30)
    connection.request("GET", "/healthz")
    data: dict[str, Any] = json.loads(connection.getresponse().read())
    connection.close()
    return data


def test_three_studies_are_worked_off_though_the_service_is_killed_in_the_second(tuner: Tuner, tmp_path: Path) -> None:
    study = write_study(tmp_path, timesteps=6400, checkpoints=20)
    for name in NAMES:
        assert tuner(f"submit {study} --name {name} --trials 3 --skip-check").code == 0
    with service() as (process, address):
        until(lambda: reports(tmp_path, "two") >= 1)
        assert health(address)["study"] == "two"
        orphans = workers(process)
        process.kill()
        process.wait(timeout=LIMIT)
        assert not psutil.wait_procs(orphans, timeout=15)[1]
    assert states() == {"one": "done", "two": "running", "three": "queued"}
    with service() as (process, _):
        until(lambda: set(states().values()) == {"done"})
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=LIMIT) == 0
    found = {name: audit(f"sqlite:///{tmp_path}/studies/tuner.db", name, 3).states for name in NAMES}
    assert "FAIL" not in found["one"]
    assert found["two"]["FAIL"] >= 1  # what the kill cut off


def test_a_cancelled_study_stops_in_mid_run_and_a_second_service_is_refused(tuner: Tuner, tmp_path: Path) -> None:
    study = write_study(tmp_path, timesteps=64_000, checkpoints=100)
    assert tuner(f"submit {study} --trials 50 --skip-check").code == 0
    with service():
        until(lambda: reports(tmp_path, "toy") >= 1)
        refused = tuner("serve --port 0")
        assert refused.code == 1
        assert "tuner.db has a service already, process " in refused.err
        assert "the service stops within seconds" in tuner("cancel toy").err
        until(lambda: states() == {"toy": "cancelled"})
        until(lambda: not query(tmp_path, "SELECT 1 FROM trials WHERE state = 'RUNNING'"))
        until(lambda: "was cancelled; its finished trials are kept" in Path("service.log").read_text())


def test_a_study_that_fails_is_marked_and_the_next_one_runs(tuner: Tuner, tmp_path: Path) -> None:
    broken = write_study(tmp_path, "broken", environment={"id": "tuner_toys:ToyOwn-v0", "kwargs": {"fault": "step"}})
    good = write_study(tmp_path, "good")
    for path in (broken, good):
        assert tuner(f"submit {path} --trials 2 --skip-check").code == 0
    with service():
        until(lambda: states().get("good") == "done")
    assert states()["broken"] == "failed"
    told = tuner("status broken").out
    assert "Submission: failed: " in told
    assert "the gripper fell off" in told
