"""Runs in MLflow: an experiment for every study, a run for every trial."""

import itertools
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mlflow.entities import Metric, Param
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from tuner.tracking.tracked_run import TrackedRun, plain_name, tracked_run
from tuner.tracking.tracker_places import mlflow_uri

STATUS = {"complete": "FINISHED", "pruned": "KILLED", "interrupted": "KILLED", "fail": "FAILED"}
MOST_METRICS, MOST_PARAMS = 1000, 100  # of a request
LONGEST_PARAM, LONGEST_TAG = 6000, 5000
PAGE = 1000


class MlflowTracker:
    """Writes to MLFLOW_TRACKING_URI, else to a SQLite file in the folder."""

    def __init__(self, study: str, folder: Path) -> None:
        uri = mlflow_uri(folder)
        own = not os.environ.get("MLFLOW_TRACKING_URI")
        if own:
            _make_database(folder)
        self._client = MlflowClient(tracking_uri=uri)
        name = os.environ.get("MLFLOW_EXPERIMENT_NAME") or study
        self._experiment = self._of(name, str(folder / "artifacts") if own else None)
        self._runs = {run.data.tags.get("tuner.id", ""): (run.info.run_id, run.info.status) for run in self._stored()}

    def known(self) -> set[str]:
        """The ids of the trials whose runs are whole."""
        return {trial for trial, (_, status) in self._runs.items() if status != "RUNNING"}

    def on_trial_end(self, trial: dict[str, Any]) -> None:
        """Writes a run; one that was begun and not ended is written to its end."""
        run = tracked_run(trial)
        if run.id in self.known():
            return
        number = self._runs[run.id][0] if run.id in self._runs else self._begin(run)
        at = round(run.ended * 1000)
        values = [Metric(plain_name(name), value, at, step) for step, name, value in _points(run)]
        values += [Metric(plain_name(name), value, at, 0) for name, value in run.final.items()]
        for some in _batches(values, MOST_METRICS):
            self._client.log_batch(number, metrics=some)
        given = [Param(plain_name(key), _text(value)) for key, value in run.arguments.items()]
        for some in _batches(given, MOST_PARAMS):
            self._client.log_batch(number, params=some)
        self._keep(number, run.files)
        self._client.set_terminated(number, STATUS.get(run.state, "FINISHED"), end_time=at)
        self._runs[run.id] = (number, "FINISHED")

    def _begin(self, run: TrackedRun) -> str:
        tags = {name: text[:LONGEST_TAG] for name, text in run.tags.items()}
        made = self._client.create_run(
            self._experiment, start_time=round(run.started * 1000), tags=tags, run_name=run.name
        )
        self._runs[run.id] = (made.info.run_id, "RUNNING")
        return str(made.info.run_id)

    def _keep(self, number: str, files: Mapping[str, str]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            for name, path in files.items():
                self._client.log_artifact(number, shutil.copy(path, Path(folder) / Path(name).name))

    def _of(self, name: str, artifacts: str | None) -> str:
        found = self._client.get_experiment_by_name(name)
        try:
            return str(found.experiment_id if found else self._client.create_experiment(name, artifacts))
        except MlflowException:  # another study made it a moment ago
            found = self._client.get_experiment_by_name(name)
            if found is None:
                raise
            return str(found.experiment_id)

    def _stored(self) -> Iterator[Any]:
        token = None
        while True:
            page = self._client.search_runs([self._experiment], max_results=PAGE, page_token=token)
            yield from page
            if not (token := page.token):
                return


def _make_database(folder: Path) -> None:
    """Makes the SQLite file under another name first, so that a process killed meanwhile leaves no part of it."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "mlflow.db").exists():
        unfinished = folder / "mlflow.db.new"
        unfinished.unlink(missing_ok=True)
        MlflowClient(tracking_uri=f"sqlite:///{unfinished}").search_experiments(max_results=1)
        unfinished.replace(folder / "mlflow.db")


def _points(run: TrackedRun) -> Iterator[tuple[int, str, float]]:
    for step, values in run.curve.items():
        yield from ((step, name, value) for name, value in values.items())


def _batches(items: list[Any], size: int) -> Iterator[list[Any]]:
    them = iter(items)
    while some := list(itertools.islice(them, size)):
        yield some


def _text(value: Any) -> str:
    return (value if isinstance(value, str) else json.dumps(value, default=str))[:LONGEST_PARAM]
