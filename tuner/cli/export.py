"""`tuner export`: the answer as YAML that rl_zoo3 reads, as JSON, or as a Python script."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tuner.cli.options import DEFAULT_STUDY, StorageOption, StudyArgument, one_of, whole

if TYPE_CHECKING:
    from optuna import Study

    from tuner.config.model import StudySpec
    from tuner.confirm.reading import Reading
    from tuner.reporting.rows import Row

FORMATS = ("zoo", "sb3", "json")


def export(
    study: StudyArgument = DEFAULT_STUDY,
    *,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to. Default: standard output.")
    ] = None,
    trial: Annotated[
        int | None,
        typer.Option(
            parser=whole("--trial", 0),
            metavar="N",
            help="A finished trial's number. Default: what is confirmed, else the best.",
        ),
    ] = None,
    form: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="|".join(FORMATS),
            help="YAML for rl_zoo3 and `tuner train`, a script for Stable-Baselines3 alone, or JSON.",
        ),
    ] = FORMATS[0],
    model: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write its model, a zip of Stable-Baselines3's, with what belongs to it."),
    ] = None,
    storage: StorageOption = None,
) -> None:
    """Write the best parameters, the confirmed ones first: YAML for rl_zoo3 with where they come from, JSON, Python."""
    from tuner.cli.opening import open_study
    from tuner.confirm.reading import read_confirmation
    from tuner.reporting.rows import make_rows

    one_of(form, FORMATS, "--format")
    if output is not None:
        _check_target(output, form)
    if model is not None:
        _refuse_beside_model(model, output, form)
    stored, spec = open_study(study, storage)
    rows = make_rows(stored.get_trials(deepcopy=False), spec)
    reading = read_confirmation(stored, spec)
    row = _choose(rows, reading, trial)
    if model is not None:
        _write_model(stored, row, model, storage)
        return
    data = _data(row, spec, rows, reading, storage)
    if form == "sb3":
        _write_script(row, spec, data, output)
    elif form == "json":
        _write_json(row, spec, data, output)
    else:
        _write_yaml(row, spec, data, storage, output)


def _check_target(output: Path, form: str) -> None:
    from tuner.reporting import export, script

    {"zoo": export.check_target, "sb3": script.check_target, "json": export.check_json_target}[form](output)


def _choose(rows: list["Row"], reading: "Reading | None", number: int | None) -> "Row":
    """The trial asked for, else what a complete confirmation recommends, else the best; says which and why."""
    from tuner.cli.words import say
    from tuner.reporting.export import choose

    taken = reading.recommended if reading is not None and number is None else None
    if reading is None or taken is None:
        row = choose(rows, number)
        if number is None:
            unfinished = reading is not None and not reading.confirmation.complete
            why = "its confirmation is not complete" if unfinished else "one training seed, not yet confirmed"
            say(f"Taking {row.label}, the best of the study: {why} (`tuner confirm` settles it)")
        return row
    why = "confirmed" if taken.role is None else "no tuned trial is shown to be better"
    say(f"Taking {taken.label}, what the confirmation says to train with: {why} (another: --trial N)")
    if reading.newer:
        many = "s" * (reading.newer > 1)
        say(f"Note: the study has {reading.newer} completed trial{many} since; `tuner confirm` again takes them in.")
    return taken


def _data(
    row: "Row", spec: "StudySpec", rows: list["Row"], reading: "Reading | None", storage: str | None
) -> dict[str, Any]:
    from tuner.cli.opening import storage_url
    from tuner.confirm.provenance import confirmation_data
    from tuner.reporting.export import document
    from tuner.study.storage import storage_text

    complete = reading is not None and reading.confirmation.complete
    confirmation = confirmation_data(reading, row) if reading is not None and complete else None
    return document(row, spec, storage_text(storage_url(storage)), rows, confirmation)


def _refuse_beside_model(model: Path, output: Path | None, form: str) -> None:
    from tuner.errors import UsageProblem

    if output is not None or form != FORMATS[0]:
        raise UsageProblem(f"--model {model}: is written alone; give -o and --format in a command of their own")
    if model.suffix != ".zip":
        raise UsageProblem(f"--model {model}: must end in .zip, as Stable-Baselines3 names its models")


def _write_model(stored: "Study", row: "Row", path: Path, storage: str | None) -> None:
    from tuner.cli.opening import storage_url
    from tuner.reporting.models import write_model
    from tuner.study.storage import artifact_folder

    for written in write_model(stored, row, path, artifact_folder(storage_url(storage))):
        sys.stderr.write(f"Wrote {written}\n")


def _write_script(row: "Row", spec: "StudySpec", data: dict[str, Any], output: Path | None) -> None:
    from tuner.reporting import script
    from tuner.reporting.export import standing

    text = script.script(row, spec, standing(data))
    if output is None:
        sys.stdout.write(text)
        return
    script.write(text, output)
    _wrote(row, spec, output)
    sys.stderr.write(f"Train with it: python {shlex.quote(str(output))}\n")


def _write_json(row: "Row", spec: "StudySpec", data: dict[str, Any], output: Path | None) -> None:
    from tuner.reporting.export import as_json
    from tuner.writing import write_whole

    if output is None:
        sys.stdout.write(as_json(data))
        return
    write_whole(output, as_json(data).encode(), "-o")
    _wrote(row, spec, output)


def _write_yaml(row: "Row", spec: "StudySpec", data: dict[str, Any], storage: str | None, output: Path | None) -> None:
    from tuner.cli.opening import storage_url
    from tuner.config.zoo_schedules import note
    from tuner.reporting import export
    from tuner.study.storage import is_sqlite, storage_text

    url = storage_url(storage)
    where = ["--storage", storage if is_sqlite(url) else storage_text(url)] if storage else []
    schedules = note(row.arguments, shlex.join([*export.script_command(row, spec), *where]))
    text = export.render(data, spec, str(output or "best.yml"), [schedules])
    if output is None:
        sys.stdout.write(text)
        return
    export.write(text, data, output)
    _wrote(row, spec, output)
    sys.stderr.write(f"Train with it: tuner train {shlex.quote(str(output))}\n")
    sys.stderr.write(f"Or by rl_zoo3: {export.zoo_command(spec, str(output))}\n")
    for line in filter(None, [export.zoo_note(spec.environment.id), schedules]):
        sys.stderr.write(f"Note: {line}\n")


def _wrote(row: "Row", spec: "StudySpec", output: Path) -> None:
    sys.stderr.write(f"Wrote {row.label} of study {spec.name!r} to {output}\n")
