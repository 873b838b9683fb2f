"""`tuner export`: the answer as YAML that rl_zoo3 reads, as JSON, or as a Python script."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from tuner.app.defaults import DEFAULT_STUDY
from tuner.cli.options import StorageOption, StudyArgument, whole

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
    from tuner.app.export import ExportRequest
    from tuner.app.export import export as export_trial
    from tuner.cli.render.export_words import before, wrote
    from tuner.cli.render.words import say

    request = ExportRequest(study=study, storage=storage, trial=trial, form=form, output=output, model=model)
    exported = export_trial(request)
    for line in before(exported):
        say(line)
    if not exported.files:
        sys.stdout.write(exported.text)
    for line in wrote(request, exported):
        say(line)
