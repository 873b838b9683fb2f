"""The models that a study kept, read back from beside its database."""

from pathlib import Path

from optuna import Study
from optuna.artifacts import get_all_artifact_meta
from optuna.trial import FrozenTrial

from tuner.errors import NothingToShow, StorageFailed

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
    name = _file(study, trials[number])
    if name is None:
        kept = [str(trial.number) for trial in trials if _file(study, trial) is not None]
        others = ", ".join(kept[:SHOWN]) + (" and more" if len(kept) > SHOWN else "")
        there = f"--trial takes one that did: {others}" if kept else "no trial of it did"
        raise NothingToShow(f"trial {number} of study {study.study_name!r} kept no model; {there}")
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise StorageFailed(
            f"the model of trial {number} cannot be read: {folder / name}: {error.strerror} "
            "(models lie beside the database: move both together)"
        ) from None


def _file(study: Study, trial: FrozenTrial) -> str | None:
    found = get_all_artifact_meta(trial, storage=study._storage)
    return next((meta.artifact_id for meta in reversed(found) if meta.filename.endswith(".zip")), None)
