"""The answer as a file: YAML that rl_zoo3 reads, JSON, a Python script, or the model itself."""

import shlex
from pathlib import Path
from typing import Any

from tuner.app.limits import DEFAULT_STUDY, EXPORT_FORMATS
from tuner.app.resolve import open_study, storage_url
from tuner.config.schedules import note
from tuner.errors import UsageProblem
from tuner.output import sb3_script, zoo_yaml
from tuner.record_type import Record
from tuner.results.confirmation_reading import ConfirmationReading, confirmation_data, read_confirmation
from tuner.study.reader import StudyReader
from tuner.study.rows import Row, choose
from tuner.study.storage import is_sqlite, storage_text
from tuner.writing import write_whole

STATISTICS = "vecnormalize.pkl"


class ExportRequest(Record):
    """What is to be exported, as what, and where to."""

    study: str = DEFAULT_STUDY
    storage: str | None = None
    trial: int | None = None  # None for what is confirmed, else the best
    form: str = EXPORT_FORMATS[0]
    output: Path | None = None
    model: Path | None = None  # a model's file instead

    def __post_init__(self) -> None:
        """Refuses a form that is not offered, and files that cannot be.

        Raises:
            UsageProblem: naming the option.
        """
        if self.form not in EXPORT_FORMATS:
            raise UsageProblem(f"--format {self.form!r}: must be one of {', '.join(EXPORT_FORMATS)}")
        if self.output is not None:
            zoo_yaml.check_target(self.output, self.form)
        if self.model is None:
            return
        if self.output is not None or self.form != EXPORT_FORMATS[0]:
            raise UsageProblem(
                f"--model {self.model}: is written alone; give -o and --format in a command of their own"
            )
        if self.model.suffix != ".zip":
            raise UsageProblem(f"--model {self.model}: must end in .zip, as Stable-Baselines3 names its models")


class Exported(Record):
    """What was taken, and where it went."""

    reader: StudyReader
    row: Row
    reading: ConfirmationReading | None  # the study's confirmation
    asked: bool  # whether the trial was named
    text: str = ""  # of the export
    notes: tuple[str, ...] = ()  # on its schedules
    files: tuple[Path, ...] = ()  # that were written


def export(request: ExportRequest) -> Exported:
    """Takes the trial asked for, else what a complete confirmation recommends, else the best.

    Raises:
        TunerError: where there is no such trial, or a file cannot be written.
    """
    reader = open_study(request.study, request.storage)
    rows, reading = reader.rows, read_confirmation(reader)
    recommended = reading.recommended if reading is not None and request.trial is None else None
    row = recommended or choose(rows, request.trial)
    taken: dict[str, Any] = {"reader": reader, "row": row, "reading": reading, "asked": request.trial is not None}
    if request.model is not None:
        return Exported(**taken, files=tuple(write_model(reader, row, request.model)))
    data = _document(reader, row, rows, reading, request)
    text, notes = _render(reader, row, data, request)
    if request.output is None:
        return Exported(**taken, text=text, notes=notes)
    if request.form == "zoo":
        zoo_yaml.write(text, data, request.output)
    else:
        write_whole(request.output, text.encode(), "-o")
    return Exported(**taken, text=text, notes=notes, files=(request.output,))


def _document(
    reader: StudyReader, row: Row, rows: list[Row], reading: ConfirmationReading | None, request: ExportRequest
) -> dict[str, Any]:
    complete = reading is not None and reading.confirmation.complete
    confirmation = confirmation_data(reading, row) if reading is not None and complete else None
    storage = storage_text(storage_url(request.storage))
    return zoo_yaml.document(row, reader.spec, storage, rows, confirmation)


def _render(reader: StudyReader, row: Row, data: dict[str, Any], request: ExportRequest) -> tuple[str, tuple[str, ...]]:
    """The text, and notes on what rl_zoo3 cannot be told."""
    if request.form == "sb3":
        return sb3_script.script(row, reader.spec, zoo_yaml.standing(data)), ()
    if request.form == "json":
        return zoo_yaml.as_json(data), ()
    url, storage = storage_url(request.storage), request.storage
    where = ["--storage", storage if is_sqlite(url) else storage_text(url)] if storage else []
    schedules = note(row.arguments, shlex.join([*zoo_yaml.script_command(row, reader.spec), *where]))
    text = zoo_yaml.render(data, reader.spec, str(request.output or "best.yml"), [schedules])
    notes = (zoo_yaml.zoo_note(reader.spec), schedules)
    return text, tuple(one for one in notes if one)


def write_model(reader: StudyReader, row: Row, path: Path) -> list[Path]:
    """Writes a trial's model, and beside it `MODEL-vecnormalize.pkl` where it was trained behind VecNormalize.

    Returns:
        The files, statistics first: no model is ever without them.

    Raises:
        NothingToShow: the trial kept no model.
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
