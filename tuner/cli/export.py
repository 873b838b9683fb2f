"""`tuner export`: the answer as YAML that rl_zoo3 reads."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from tuner.cli.options import DEFAULT_STUDY, StorageOption, StudyArgument, whole


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
    storage: StorageOption = None,
) -> None:
    """Write the best parameters as YAML for rl_zoo3, with where they come from."""
    from tuner.cli.opening import open_study, storage_url
    from tuner.reporting import export as exporting
    from tuner.reporting.rows import make_rows

    if output is not None:
        exporting.check_target(output)
    stored, spec = open_study(study, storage)
    row = exporting.choose(make_rows(stored.get_trials(deepcopy=False), spec), trial)
    data = exporting.document(row, spec, str(storage_url(storage)))
    text = exporting.render(data, spec, str(output or "best.yml"))
    if output is None:
        sys.stdout.write(text)
        return
    exporting.write(text, data, output)
    sys.stderr.write(f"Wrote {row.label} of study {spec.name!r} to {output}\n")
    sys.stderr.write(f"Train with it: {exporting.zoo_command(spec.algorithm, spec.environment.id, str(output))}\n")
    if note := exporting.zoo_note(spec.environment.id):
        sys.stderr.write(f"Note: {note}\n")
