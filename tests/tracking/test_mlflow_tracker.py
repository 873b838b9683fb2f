"""MLflow's database is whole or not there, and runs that were begun are ended."""

import subprocess
import sys
from pathlib import Path

import pytest
from trackers import mlflow_runs, need

PROGRAM = """
import sys
from pathlib import Path
from tuner.tracking.mlflow_tracker import MlflowTracker
from tuner.tracking.tracked_run import tracked_run
trial = {
    "id": "abc", "study": "toy", "number": 0, "state": "complete", "value": 0.5, "arguments": {"gamma": 0.9},
    "curve": [{"step": step, "score": 0.5} for step in range(1500)], "started": 10.0, "ended": 12.0, "files": {},
}
tracker = MlflowTracker("toy", Path("place"))
if sys.argv[1] == "begin":
    tracker._begin(tracked_run(trial))
    assert MlflowTracker("toy", Path("place")).known() == set()
else:
    tracker.on_trial_end(trial)
    tracker.on_trial_end(trial)
    assert MlflowTracker("toy", Path("place")).known() == {"abc"}
"""


@pytest.mark.slow
def test_what_was_left_half_made_is_made_whole() -> None:
    need("mlflow")
    Path("place").mkdir()
    Path("place/mlflow.db.new").write_bytes(b"a process was killed here")
    for how in ("begin", "end"):
        subprocess.run([sys.executable, "-c", PROGRAM, how], check=True, timeout=240)
    [run] = mlflow_runs(Path("place").resolve())
    assert (run["status"], run["params"], len(run["curves"]["score"])) == ("FINISHED", {"gamma": "0.9"}, 1500)
    assert not Path("place/mlflow.db.new").exists()
