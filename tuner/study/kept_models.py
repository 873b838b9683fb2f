"""The files that trials left beside the database: models, read back, and whatever the dashboard serves."""

import re
from pathlib import Path

from optuna import Study
from optuna.artifacts import FileSystemArtifactStore, get_all_artifact_meta
from optuna.trial import FrozenTrial

from tuner.errors import NothingToShow, StorageFailed
from tuner.record_type import Record
from tuner.study.storage import Storage

MODEL, STATISTICS = ".zip", ".pkl"  # how the files of a trial end
PLAIN = re.compile(r"[0-9a-fA-F-]{1,64}")
SHOWN = 20  # numbers in a line


def read_model(study: Study, number: int, folder: Path) -> bytes:
    """The model, a zip of Stable-Baselines3's, that a trial kept.

    Args:
        study: Opened to read.
        number: The trial's.
        folder: Where the models of its database are.

    Raises:
        NothingToShow: where it kept none, with the trials that did.
        StorageFailed: where its file is gone.
    """
    trials = study.get_trials(deepcopy=False)
    name = _file(study, trials[number], MODEL)
    if name is None:
        kept = [str(trial.number) for trial in trials if _file(study, trial, MODEL) is not None]
        others = ", ".join(kept[:SHOWN]) + (" and more" if len(kept) > SHOWN else "")
        there = f"--trial takes one that did: {others}" if kept else "no trial of it did"
        raise NothingToShow(f"trial {number} of study {study.study_name!r} kept no model; {there}")
    return _read(folder, name, f"the model of trial {number}")


def read_statistics(study: Study, number: int, folder: Path) -> bytes | None:
    """The statistics of VecNormalize that belong to a trial's model, None where it was trained without.

    Raises:
        StorageFailed: where their file is gone.
    """
    name = _file(study, study.get_trials(deepcopy=False)[number], STATISTICS)
    return None if name is None else _read(folder, name, f"the statistics of trial {number}'s observations")


def _read(folder: Path, name: str, what: str) -> bytes:
    if not PLAIN.fullmatch(name):  # the database's word, and somebody may have put a path there
        raise StorageFailed(f"{what} cannot be read: the database calls its file {name!r}, which is no artifact's name")
    path = folder / name
    try:
        return path.read_bytes()
    except OSError as error:
        raise StorageFailed(
            f"{what} cannot be read: {path}: {error.strerror} (models lie beside the database: move both together)"
        ) from None


def _file(study: Study, trial: FrozenTrial, ending: str) -> str | None:
    found = get_all_artifact_meta(trial, storage=study._storage)
    return next((meta.artifact_id for meta in reversed(found) if meta.filename.endswith(ending)), None)


class Artifact(Record):
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
