"""The files that trials and studies left behind, for those who serve them."""

from dataclasses import dataclass
from pathlib import Path

from optuna.artifacts import FileSystemArtifactStore, get_all_artifact_meta
from optuna.study import Study

from tuner.study.storage import Storage


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """A file that was left behind."""

    id: str  # its name in the folder
    filename: str
    mimetype: str


def artifact_store(folder: Path) -> FileSystemArtifactStore:
    """The store of a database's artifacts, as optuna-dashboard wants it."""
    return FileSystemArtifactStore(str(folder))


def find_artifact(storage: Storage, study_id: int, trial_id: int | None, artifact_id: str) -> Artifact | None:
    """An artifact of a trial, or of the study itself; None where there is none of that id."""
    try:
        if trial_id is None:
            study = Study(study_name=storage.get_study_name_from_id(study_id), storage=storage)
            known = get_all_artifact_meta(study, storage=storage)
        else:
            known = get_all_artifact_meta(storage.get_trial(trial_id), storage=storage)
    except KeyError:
        return None
    found = next((one for one in known if one.artifact_id == artifact_id), None)
    return None if found is None else Artifact(id=found.artifact_id, filename=found.filename, mimetype=found.mimetype)
