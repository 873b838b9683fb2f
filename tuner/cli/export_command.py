"""`tuner export`: the answer as YAML that rl_zoo3 reads, as JSON, or as a Python script."""

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tuner.app.limits import DEFAULT_STUDY, EXPORT_FORMATS
from tuner.cli.options import StorageOption, StudyArgument, number
from tuner.cli.standard_files import write

if TYPE_CHECKING:
    from tuner.app.export import Exported, ExportRequest


def export(
    study: StudyArgument = DEFAULT_STUDY,
    *,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Output file. Default: standard output.")
    ] = None,
    trial: Annotated[
        int | None,
        number(
            "--trial",
            "N",
            "A finished trial's number. Default: the recommended configuration, else the best trial.",
            low=0,
        ),
    ] = None,
    form: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="|".join(EXPORT_FORMATS),
            help="zoo: YAML for rl_zoo3 and `tuner train`; sb3: a Stable-Baselines3 script; json.",
        ),
    ] = EXPORT_FORMATS[0],
    model: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write the trial's Stable-Baselines3 model (zip) and its normalisation statistics instead.",
        ),
    ] = None,
    storage: StorageOption = None,
) -> None:
    """Write the best parameters as YAML, JSON or a Python script."""
    from tuner.app.export import ExportRequest
    from tuner.app.export import export as export_trial
    from tuner.cli.render.live_board import Waiting
    from tuner.cli.standard_files import say

    request = ExportRequest(study=study, storage=storage, trial=trial, form=form, output=output, model=model)
    with Waiting("reading the study"):
        exported = export_trial(request)
    for line in _before(exported):
        say(line)
    if not exported.files:
        write(exported.text)
    for line in _wrote(request, exported):
        say(line)


def _before(exported: "Exported") -> Iterator[str]:
    """Which trial was taken and why, where none was named."""
    from tuner.statistics.answer_records import training_seeds
    from tuner.study.rows import seeds_behind

    row, reading = exported.row, exported.reading
    if exported.asked:
        return
    if reading is None or reading.recommended is None:
        unfinished = reading is not None and not reading.confirmation.complete
        behind = training_seeds(seeds_behind(exported.reader.rows, row))
        why = "its confirmation is not complete" if unfinished else f"{behind}, not confirmed"
        yield f"Exporting {row.label}, the study's best: {why} (test it with `tuner confirm`)"
        return
    why = "confirmed" if row.role is None else "no evidence that a tuned trial is better"
    yield f"Exporting {row.label}, recommended by the confirmation: {why} (--trial N takes another)"
    if reading.newer:
        more = f"{reading.newer} completed trial{'s' * (reading.newer > 1)}"
        yield f"Note: the study has {more} since; run `tuner confirm` again to include them."


def _wrote(request: "ExportRequest", exported: "Exported") -> Iterator[str]:
    """What was written, and what to do with it."""
    from tuner.output.zoo_yaml import zoo_command

    if request.model is not None:
        yield from (f"Wrote {file}" for file in exported.files)
        return
    if request.output is None:
        return
    spec, output = exported.reader.spec, shlex.quote(str(request.output))
    yield f"Wrote {exported.row.label} of study {spec.name!r} to {request.output}"
    if request.form == "sb3":
        yield f"Train with it: python {output}"
    if request.form == "zoo":
        yield f"Train with it: tuner train {output}"
        if (command := zoo_command(spec, str(request.output))) is not None:
            yield f"Or by rl_zoo3: {command}"
        yield from (f"Note: {line}" for line in exported.notes)
