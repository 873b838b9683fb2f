"""Reads what MLflow and W&B hold, in processes of their own: both warn at their import."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

REQUIRED = "trackers" in os.environ.get("TUNER_REQUIRE", "")
MLFLOW = """
import json, sys
from mlflow.tracking import MlflowClient
client = MlflowClient(tracking_uri=sys.argv[1])
found = []
for experiment in client.search_experiments():
    for run in client.search_runs([experiment.experiment_id]):
        curves = {
            name: [[point.step, point.value] for point in client.get_metric_history(run.info.run_id, name)]
            for name in run.data.metrics
        }
        found.append({
            "experiment": experiment.name, "name": run.info.run_name, "status": run.info.status,
            "params": run.data.params, "tags": run.data.tags, "curves": curves,
            "files": [one.path for one in client.list_artifacts(run.info.run_id)],
        })
print(json.dumps(found))
"""
WANDB = """
import json, struct, sys
from pathlib import Path
from wandb.proto.wandb_internal_pb2 import Record

BLOCK, HEAD = 32768, 7

def records(data):  # the log format of LevelDB, after a header of the file's own
    at, parts = HEAD, b""
    while at + HEAD <= len(data):
        if BLOCK - at % BLOCK < HEAD:
            at += BLOCK - at % BLOCK
            continue
        length, kind = struct.unpack("<HB", data[at + 4 : at + HEAD])
        parts += data[at + HEAD : at + HEAD + length]
        at += HEAD + length
        if kind in (1, 4):  # whole, last
            yield Record.FromString(parts)
            parts = b""

def values(items):
    return {"/".join(one.nested_key) or one.key: json.loads(one.value_json) for one in items}

found = []
for path in sorted(Path(sys.argv[1]).glob("wandb/offline-run-*/*.wandb")):
    run = {"id": path.stem.removeprefix("run-"), "history": [], "summary": {}, "config": {}, "exit": None}
    for record in records(path.read_bytes()):
        run["config"] |= values(record.run.config.update) | values(record.config.update)
        run["summary"] |= values(record.summary.update)
        if record.run.display_name:
            run |= {"name": record.run.display_name, "group": record.run.run_group, "tags": list(record.run.tags)}
        if record.history.item:
            run["history"].append(values(record.history.item))
        if record.HasField("exit"):
            run["exit"] = record.exit.exit_code
    run["files"] = [one.name for one in (path.parent / "files").iterdir()]
    found.append(run)
print(json.dumps(found))
"""


def need(*packages: str) -> None:
    """Skips a test without the packages; fails it where TUNER_REQUIRE asks for trackers."""
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    if missing and not REQUIRED:
        pytest.skip(f"no {', '.join(missing)} here (pip install '.[dev]')")
    assert not missing, f"TUNER_REQUIRE asks for trackers: no {', '.join(missing)}"


def _read(program: str, *arguments: str) -> Any:
    command = [sys.executable, "-c", program, *arguments]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=240).stdout)


def mlflow_runs(folder: Path) -> list[dict[str, Any]]:
    """The runs in the MLflow database of a folder, in the order of their trials."""
    return sorted(_read(MLFLOW, f"sqlite:///{folder / 'mlflow.db'}"), key=lambda run: int(run["tags"]["tuner.trial"]))


def wandb_runs(folder: Path) -> list[dict[str, Any]]:
    """The runs that W&B wrote offline into a folder, in the order of their trials."""
    return sorted(_read(WANDB, str(folder)), key=lambda run: int(run["config"]["tuner.trial"]))
