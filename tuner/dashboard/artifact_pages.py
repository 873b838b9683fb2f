"""Serves what trials left behind, by ranges, so that a film can be wound; shown are pictures, films and plain text."""

import re
from pathlib import Path
from typing import Any

from bottle import Bottle, HTTPError, parse_range_header, request, static_file

from tuner.dashboard.answers import status_line
from tuner.study.artifacts import Artifact, find_artifact
from tuner.study.storage import Storage

SHOWN = re.compile(r"(image/(?!svg)[\w.+-]+|(video|audio)/[\w.+-]+|text/(csv|plain)|application/json)")
OTHER = "application/octet-stream"
NAME = "<artifact_id:re:[0-9a-fA-F-]{1,64}>"


def artifact_pages(storage: Storage, folder: Path) -> Any:
    """The pages under /artifacts/: of a study, and of a trial."""
    app = Bottle()
    app.default_error_handler = status_line

    def of_study(study_id: int, artifact_id: str) -> Any:
        return _send(find_artifact(storage, study_id, None, artifact_id), folder)

    def of_trial(study_id: int, trial_id: int, artifact_id: str) -> Any:
        return _send(find_artifact(storage, study_id, trial_id, artifact_id), folder)

    app.get(f"/artifacts/<study_id:int>/{NAME}", callback=of_study)
    app.get(f"/artifacts/<study_id:int>/<trial_id:int>/{NAME}", callback=of_trial)
    return app


def _send(artifact: Artifact | None, folder: Path) -> Any:
    if artifact is None:
        return HTTPError(404)
    path, ranges = folder / artifact.id, request.get_header("Range")
    if ranges and path.is_file() and not list(parse_range_header(ranges, path.stat().st_size)):
        return HTTPError(416)  # which `static_file` would answer with the file left open
    shown = SHOWN.fullmatch(artifact.mimetype) is not None
    name = re.sub(r"[^A-Za-z0-9_. -]", "_", artifact.filename) or "artifact"
    return static_file(
        artifact.id, str(folder), mimetype=artifact.mimetype if shown else OTHER, download=False if shown else name
    )
