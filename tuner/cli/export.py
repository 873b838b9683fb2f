"""`tuner export`: the answer as YAML that rl_zoo3 reads, or as a Python script."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tuner.cli.options import DEFAULT_STUDY, StorageOption, StudyArgument, one_of, whole

if TYPE_CHECKING:
    from optuna import Study

    from tuner.reporting.rows import Row
    from tuner.spec.model import StudySpec

FORMATS = ("rl_zoo3", "sb3")


def export(
    study: StudyArgument = DEFAULT_STUDY,
    *,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to. Default: standard output.")
    ] = None,
    trial: Annotated[
        int | None,
        typer.Option(parser=whole("--trial", 0), metavar="N", help="A finished trial's number. Default: the best."),
    ] = None,
    form: Annotated[
        str,
        typer.Option(
            "--format", metavar="|".join(FORMATS), help="YAML for rl_zoo3, or a script for Stable-Baselines3 alone."
        ),
    ] = FORMATS[0],
    model: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write its model, a zip of Stable-Baselines3's, with what belongs to it."),
    ] = None,
    storage: StorageOption = None,
) -> None:
    """Write the best parameters: YAML for rl_zoo3 with where they come from, or Python."""
    from tuner.cli.opening import open_study
    from tuner.reporting import export, script
    from tuner.reporting.rows import make_rows

    one_of(form, FORMATS, "--format")
    if output is not None:
        (script if form == "sb3" else export).check_target(output)
    if model is not None:
        _refuse_beside_model(model, output, form)
    stored, spec = open_study(study, storage)
    row = export.choose(make_rows(stored.get_trials(deepcopy=False), spec), trial)
    if model is not None:
        _write_model(stored, row, model, storage)
    elif form == "sb3":
        _write_script(row, spec, output)
    else:
        _write_yaml(row, spec, storage, output)


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


def _write_script(row: "Row", spec: "StudySpec", output: Path | None) -> None:
    from tuner.reporting import script

    text = script.script(row, spec)
    if output is None:
        sys.stdout.write(text)
        return
    script.write(text, output)
    sys.stderr.write(f"Wrote {row.label} of study {spec.name!r} to {output}\n")
    sys.stderr.write(f"Train with it: python {shlex.quote(str(output))}\n")


def _write_yaml(row: "Row", spec: "StudySpec", storage: str | None, output: Path | None) -> None:
    from tuner.cli.opening import storage_url
    from tuner.reporting import export
    from tuner.spec.zoo_schedules import note
    from tuner.study.storage import is_sqlite, storage_text

    url = storage_url(storage)
    data = export.document(row, spec, storage_text(url))
    where = ["--storage", storage if is_sqlite(url) else storage_text(url)] if storage else []
    schedules = note(row.arguments, shlex.join([*export.script_command(row, spec), *where]))
    text = export.render(data, spec, str(output or "best.yml"), [schedules])
    if output is None:
        sys.stdout.write(text)
        return
    export.write(text, data, output)
    sys.stderr.write(f"Wrote {row.label} of study {spec.name!r} to {output}\n")
    sys.stderr.write(f"Train with it: {export.zoo_command(spec, str(output))}\n")
    for line in filter(None, [export.zoo_note(spec.environment.id), schedules]):
        sys.stderr.write(f"Note: {line}\n")
