"""A trial that has ended, as the JSON document that commands and listeners get."""

import hashlib
from typing import Any

from tuner.config.model import StudySpec
from tuner.results.summary import row_data
from tuner.study.rows import EndedTrial


def trial_document(trial: EndedTrial, spec: StudySpec) -> dict[str, Any]:
    """All that the study holds of a trial, in one mapping.

    `id` is the same whenever it is told, and no other trial's, not even that of another study of the same name.
    """
    row = trial.row
    name = f"{spec.name}/{row.number}/{trial.started}"
    return {
        **row.attributes,
        **row_data(row),
        "state": "interrupted" if "interrupted" in row.attributes else row.state,
        "reason": next(
            (row.attributes[key] for key in ("reason", "failure", "interrupted") if key in row.attributes), None
        ),
        "id": hashlib.sha256(name.encode()).hexdigest()[:16],
        "study": spec.name,
        "environment": spec.environment.id,
        "algorithm": spec.algorithm,
        "params": row.params,
        "steps": row.steps,
        "started": None if trial.started is None else trial.started.timestamp(),
        "ended": None if trial.ended is None else trial.ended.timestamp(),
        "files": {file: str(path) for file, path in trial.files.items()},
    }
