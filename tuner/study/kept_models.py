"""The artifacts beside the database: models of trials with their SHA-256 in the study, and files for the dashboard."""

import hashlib
import logging
import re
from pathlib import Path

from optuna import Study, Trial
from optuna.artifacts import FileSystemArtifactStore, get_all_artifact_meta, upload_artifact
from optuna.trial import FrozenTrial

from tuner.errors import NothingToShow, StorageFailed
from tuner.record_type import Record
from tuner.study.storage import Storage

MODEL, STATISTICS, EARLIER = ".zip", ".pkl", ".tar"  # file name endings
PLAIN = re.compile(r"[0-9a-fA-F-]{1,64}")
SHOWN = 20  # trial numbers in an error
HASH = "tuner:sha256:"  # how the system attributes with the SHA-256 of a trial's artifacts begin; their ids follow
HASHED_FROM = "models_hashed_from"  # attribute of a study: the first trial whose files must have one

_log = logging.getLogger(__name__)


def begin_hashing(study: Study) -> None:
    """Notes with a study that files of its trials from now on have a SHA-256; those of earlier versions have none."""
    if HASHED_FROM not in study.user_attrs:
        study.set_user_attr(HASHED_FROM, len(study.get_trials(deepcopy=False)))


def keep_file(trial: Trial, file: Path, folder: Path) -> None:
    """Stores a file of a running trial as an artifact, and its SHA-256 in the study.

    Raises:
        StorageFailed: if it cannot be stored.
    """
    try:
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        folder.mkdir(parents=True, exist_ok=True)
        store = FileSystemArtifactStore(str(folder))
        artifact = upload_artifact(artifact_store=store, file_path=str(file), study_or_trial=trial)
    except OSError as error:
        raise StorageFailed(
            f"cannot store a model in {folder}: {error.strerror} (fix the cause, then rerun to resume)"
        ) from error
    trial.storage.set_trial_system_attr(trial._trial_id, f"{HASH}{artifact}", digest)


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
    trial = study.get_trials(deepcopy=False)[number]
    name = kept_name(study._storage, trial, MODEL)
    if name is None:
        raise NothingToShow(
            f"trial {number} of study {study.study_name!r} kept no model; {_those_that_did(study, MODEL)}"
        )
    return _read(study, trial, folder, name, f"the model of trial {number}")


def read_earlier(study: Study, number: int, folder: Path) -> bytes:
    """The tar of a trial's policies at shares of its training.

    Raises:
        NothingToShow: if it has none, naming the trials that have one and how to get one.
        StorageFailed: if its file is missing.
    """
    trial = study.get_trials(deepcopy=False)[number]
    name = kept_name(study._storage, trial, EARLIER)
    if name is None:
        here = study.study_name
        again = f"tuner run {here} --name {here}-again --from {here}"
        raise NothingToShow(
            f"trial {number} of study {here!r} kept its last policy alone, as in versions before and over 4 MB; "
            f"{_those_that_did(study, EARLIER)}; to train it again: `{again}`"
        )
    return _read(study, trial, folder, name, f"the earlier policies of trial {number}")


def _those_that_did(study: Study, ending: str) -> str:
    kept = [
        str(one.number)
        for one in study.get_trials(deepcopy=False)
        if kept_name(study._storage, one, ending) is not None
    ]
    others = ", ".join(kept[:SHOWN]) + (" and more" if len(kept) > SHOWN else "")
    return f"choose one that did with --trial: {others}" if kept else "no trial of it did"


def kept_files(study: Study, trial: FrozenTrial, folder: Path) -> dict[str, Path]:
    """A trial's model and statistics as the run wrote them, by the names that they were stored under."""
    found = get_all_artifact_meta(trial, storage=study._storage)
    own = [meta for meta in found if PLAIN.fullmatch(meta.artifact_id) and not meta.filename.endswith(EARLIER)]
    places = {meta.filename: folder / meta.artifact_id for meta in own}
    return {name: path for name, path in places.items() if is_own_file(path) and _fault(study, trial, path) is None}


def has_kept(study: Study, number: int, ending: str) -> bool:
    """Whether a file of a trial with this ending was kept, such as its model."""
    return kept_name(study._storage, study.get_trials(deepcopy=False)[number], ending) is not None


def read_statistics(study: Study, number: int, folder: Path) -> bytes | None:
    """The VecNormalize statistics of a trial's model; None if it was trained without.

    Raises:
        StorageFailed: if their file is missing.
    """
    trial = study.get_trials(deepcopy=False)[number]
    name = kept_name(study._storage, trial, STATISTICS)
    return (
        None if name is None else _read(study, trial, folder, name, f"the statistics of trial {number}'s observations")
    )


def _read(study: Study, trial: FrozenTrial, folder: Path, name: str, what: str) -> bytes:
    """A file as the run wrote it: to load a model runs code of it."""
    if not PLAIN.fullmatch(name):  # the database may have been edited to hold a path
        raise StorageFailed(f"{what} cannot be read: its file name in the database, {name!r}, is not an artifact id")
    path = folder / name
    if path.exists() and not is_own_file(path):
        raise StorageFailed(f"{what} cannot be read: {path} is a link or no file (put a copy of the file there)")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StorageFailed(
            f"{what} cannot be read: {path}: {error.strerror} (models lie beside the database: move both together)"
        ) from None
    if _is_earlier(study, trial, name):
        _log.warning("%s: of an earlier version, which stored no SHA-256 to check it by", what)
    elif (why := _fault(study, trial, path, content)) is not None:
        raise StorageFailed(
            f"{what} is not loaded, since it could run code: {path} is not what the run stored ({why}; restore a copy "
            "of the file, or name another trial)"
        )
    return content


def _is_earlier(study: Study, trial: FrozenTrial, name: str) -> bool:
    """Whether a file is of a version that stored no hashes."""
    first = study.user_attrs.get(HASHED_FROM)
    before = first is None or (isinstance(first, int) and trial.number < first)
    return before and f"{HASH}{name}" not in trial.system_attrs


def _fault(study: Study, trial: FrozenTrial, path: Path, content: bytes | None = None) -> str | None:
    """Why a file is not what the run stored; None if it is, or is of an earlier version."""
    if _is_earlier(study, trial, path.name):
        return None
    known = trial.system_attrs.get(f"{HASH}{path.name}")
    if known is None:
        return "the study has no SHA-256 of it"
    same = known == hashlib.sha256(path.read_bytes() if content is None else content).hexdigest()
    return None if same else "its SHA-256 is another"


def kept_name(storage: Storage, trial: FrozenTrial, ending: str) -> str | None:
    """The artifact of a kind that a run stored last, before any that something else put there."""
    every = get_all_artifact_meta(trial, storage=storage)
    found = [meta.artifact_id for meta in every if meta.filename.endswith(ending)]
    hashed = [artifact for artifact in found if f"{HASH}{artifact}" in trial.system_attrs]
    return next(reversed(hashed or found), None)


def is_own_file(path: Path) -> bool:
    """Whether it is a file itself: a link may lead to what its owner may read alone, and a pipe never ends."""
    return path.is_file() and not path.is_symlink()


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
