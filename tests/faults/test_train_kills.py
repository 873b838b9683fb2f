"""Final training that is killed resumes with the same command, and trains nothing twice."""

import json
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import yaml

LIMIT = 240  # s
COMMAND = [sys.executable, "-m", "tuner", "train", "plain.yml", "--seeds", "3", "--workers", "1", "-o", "out"]

pytestmark = pytest.mark.slow


def test_killed_in_the_second_run_it_resumes_there(tmp_path: Path) -> None:
    block = {"n_timesteps": 12_288, "policy": "MlpPolicy", "n_steps": 64, "batch_size": 16, "n_epochs": 1}
    (tmp_path / "plain.yml").write_text(yaml.safe_dump({"tuner_toys:ToyLine-v0": block}))
    second = tmp_path / "out" / "seed-11000001"
    process = subprocess.Popen(COMMAND, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + LIMIT
    while not list(second.glob("checkpoint-*")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    orphans = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.communicate(timeout=LIMIT)
    assert not psutil.wait_procs(orphans, timeout=15)[1]
    first = tmp_path / "out" / "seed-11000000"
    before = (first / "final.zip").stat().st_mtime_ns
    done = subprocess.run(COMMAND, capture_output=True, text=True, timeout=LIMIT, check=False)
    assert done.returncode == 0, done.stderr
    assert "1 of 3 runs are finished already." in done.stderr
    assert "Seed 11000001 resumes from its checkpoint at" in done.stderr
    assert (first / "final.zip").stat().st_mtime_ns == before
    result = json.loads((second / "result.json").read_text())
    assert len(result["resumed"]) == 1
    assert [point["step"] for point in result["curve"]] == list(range(1024, 12_289, 1024))
    assert not list((tmp_path / "out").rglob("checkpoint-*"))
    assert not list((tmp_path / "out").rglob(".part-*"))
