"""A kept model as files of its own, with the statistics that it needs."""

from pathlib import Path

from optuna import Study

from tuner.reporting.rows import Row
from tuner.study.kept_models import read_model, read_statistics
from tuner.writing import write_whole

STATISTICS = "vecnormalize.pkl"


def write_model(study: Study, row: Row, path: Path, artifacts: Path) -> list[Path]:
    """Writes a trial's model, and beside it `MODEL-vecnormalize.pkl` where it was trained behind VecNormalize.

    Returns:
        The files, statistics first: no model is ever without them.

    Raises:
        NothingToShow: where the trial kept no model.
        StorageFailed: where a file of the study is gone.
        ExportFailed: where a file cannot be written.
    """
    model, statistics = read_model(study, row.number, artifacts), read_statistics(study, row.number, artifacts)
    files = {path: model}
    if statistics is not None:
        files = {path.with_name(f"{path.stem}-{STATISTICS}"): statistics, **files}
    for file, content in files.items():
        write_whole(file, content, "--model")
    return list(files)
