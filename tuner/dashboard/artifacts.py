"""Serves what trials left behind, by ranges, so that a film can be wound; shown are pictures, films and plain text."""

import re
from pathlib import Path
from typing import Any

from bottle import Bottle, HTTPError, parse_range_header, request, static_file
from optuna.artifacts import ArtifactMeta, get_all_artifact_meta
from optuna.storages import BaseStorage
from optuna.study import Study

from tuner.dashboard.answers import status_line

SHOWN = re.compile(r"(image/(?!svg)[\w.+-]+|(video|audio)/[\w.+-]+|text/(csv|plain)|application/json)")
OTHER = "application/octet-stream"
NAME = "<artifact_id:re:[0-9a-fA-F-]{1,64}>"


def artifact_pages(storage: BaseStorage, folder: Path) -> Any:
    """The pages under /artifacts/: of a study, and of a trial."""
    app = Bottle()
    app.default_error_handler = status_line

    def of_study(study_id: int, artifact_id: str) -> Any:
        try:
            study = Study(study_name=storage.get_study_name_from_id(study_id), storage=storage)
            return _send(get_all_artifact_meta(study, storage=storage), artifact_id, folder)
        except KeyError:
            return HTTPError(404)

    def of_trial(study_id: int, trial_id: int, artifact_id: str) -> Any:  # noqa: ARG001 - trials have ids of their own
        try:
            return _send(get_all_artifact_meta(storage.get_trial(trial_id), storage=storage), artifact_id, folder)
        except KeyError:
            return HTTPError(404)

    app.get(f"/artifacts/<study_id:int>/{NAME}", callback=of_study)
    app.get(f"/artifacts/<study_id:int>/<trial_id:int>/{NAME}", callback=of_trial)
    return app


def _send(known: list[ArtifactMeta], artifact_id: str, folder: Path) -> Any:
    meta = next((one for one in known if one.artifact_id == artifact_id), None)
    if meta is None:
        return HTTPError(404)
    path, ranges = folder / meta.artifact_id, request.get_header("Range")
    if ranges and path.is_file() and not list(parse_range_header(ranges, path.stat().st_size)):
        return HTTPError(416)  # which `static_file` would answer with the file left open
    shown = SHOWN.fullmatch(meta.mimetype) is not None
    name = re.sub(r"[^A-Za-z0-9_. -]", "_", meta.filename) or "artifact"
    return static_file(
        artifact_id, str(folder), mimetype=meta.mimetype if shown else OTHER, download=False if shown else name
    )
