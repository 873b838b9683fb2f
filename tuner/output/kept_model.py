"""A kept model as files of its own, with the statistics that it needs."""

from pathlib import Path

from tuner.results.rows import Row
from tuner.study.reader import StudyReader
from tuner.writing import write_whole

STATISTICS = "vecnormalize.pkl"


def write_model(reader: StudyReader, row: Row, path: Path) -> list[Path]:
    """Writes a trial's model, and beside it `MODEL-vecnormalize.pkl` where it was trained behind VecNormalize.

    Returns:
        The files, statistics first: no model is ever without them.

    Raises:
        NothingToShow: where the trial kept no model.
        StorageFailed: where a file of the study is gone.
        ExportFailed: where a file cannot be written.
    """
    model, statistics = reader.model(row.number), reader.statistics(row.number)
    files = {path: model}
    if statistics is not None:
        files = {path.with_name(f"{path.stem}-{STATISTICS}"): statistics, **files}
    for file, content in files.items():
        write_whole(file, content, "--model")
    return list(files)
