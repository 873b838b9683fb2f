"""The artifacts beside the database: reading the models of trials, and finding files for the dashboard."""

import re
from pathlib import Path

from optuna import Study
from optuna.artifacts import FileSystemArtifactStore, get_all_artifact_meta
from optuna.trial import FrozenTrial

from tuner.errors import NothingToShow, StorageFailed
from tuner.record_type import Record
from tuner.study.storage import Storage

MODEL, STATISTICS, EARLIER = ".zip", ".pkl", ".tar"  # file name endings
PLAIN = re.compile(r"[0-9a-fA-F-]{1,64}")
SHOWN = 20  # trial numbers in an error


def read_model(study: Study, number: int, folder: Path) -> bytes:
    """The kept model of a trial, a Stable-Baselines3 zip.

    Args:
        study: Opened to read.
        number: The trial's number.
        folder: The artifact folder of its database.

    Raises:
        NothingToShow: if it has none, naming the trials that have one.
        StorageFailed: if its file is missing.
    """
    trials = study.get_trials(deepcopy=False)
    name = _file(study, trials[number], MODEL)
    if name is None:
        raise NothingToShow(
            f"trial {number} of study {study.study_name!r} kept no model; {_those_that_did(study, MODEL)}"
        )
    return _read(folder, name, f"the model of trial {number}")


def read_earlier(study: Study, number: int, folder: Path) -> bytes:
    """The tar of a trial's policies at shares of its training.

    Raises:
        NothingToShow: if it has none, naming the trials that have one and how to get one.
        StorageFailed: if its file is missing.
    """
    name = _file(study, study.get_trials(deepcopy=False)[number], EARLIER)
    if name is None:
        here = study.study_name
        again = f"tuner run {here} --name {here}-again --from {here}"
        raise NothingToShow(
            f"trial {number} of study {here!r} kept its last policy alone, as in versions before and over 4 MB; "
            f"{_those_that_did(study, EARLIER)}; to train it again: `{again}`"
        )
    return _read(folder, name, f"the earlier policies of trial {number}")


def _those_that_did(study: Study, ending: str) -> str:
    kept = [str(one.number) for one in study.get_trials(deepcopy=False) if _file(study, one, ending) is not None]
    others = ", ".join(kept[:SHOWN]) + (" and more" if len(kept) > SHOWN else "")
    return f"choose one that did with --trial: {others}" if kept else "no trial of it did"


def kept_files(study: Study, trial: FrozenTrial, folder: Path) -> dict[str, Path]:
    """A trial's model and statistics, by the names that they were stored under."""
    found = get_all_artifact_meta(trial, storage=study._storage)
    own = [meta for meta in found if PLAIN.fullmatch(meta.artifact_id) and not meta.filename.endswith(EARLIER)]
    return {meta.filename: folder / meta.artifact_id for meta in own}


def has_kept(study: Study, number: int, ending: str) -> bool:
    """Whether a file of a trial with this ending was kept, such as its model."""
    return _file(study, study.get_trials(deepcopy=False)[number], ending) is not None


def read_statistics(study: Study, number: int, folder: Path) -> bytes | None:
    """The VecNormalize statistics of a trial's model; None if it was trained without.

    Raises:
        StorageFailed: if their file is missing.
    """
    name = _file(study, study.get_trials(deepcopy=False)[number], STATISTICS)
    return None if name is None else _read(folder, name, f"the statistics of trial {number}'s observations")


def _read(folder: Path, name: str, what: str) -> bytes:
    if not PLAIN.fullmatch(name):  # the database may have been edited to hold a path
        raise StorageFailed(f"{what} cannot be read: its file name in the database, {name!r}, is not an artifact id")
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
    """A stored artifact."""

    id: str  # its file name in the folder
    filename: str
    mimetype: str


def artifact_store(folder: Path) -> FileSystemArtifactStore:
    """The artifact store for optuna-dashboard."""
    return FileSystemArtifactStore(str(folder))


def find_artifact(storage: Storage, study_id: int, trial_id: int | None, artifact_id: str) -> Artifact | None:
    """An artifact of a trial, or of the study if `trial_id` is None; None if there is none of that id."""
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
