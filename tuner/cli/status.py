"""`tuner status`: where a study stands."""

import json
import sys
from typing import Annotated

import typer

from tuner.cli.options import DEFAULT_STUDY, JsonOption, StorageOption, StudyArgument


def status(
    study: StudyArgument = DEFAULT_STUDY,
    *,
    trials: Annotated[bool, typer.Option("--trials", help="List every trial, the best first.")] = False,
    storage: StorageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show where a study stands: trials by state, the best, the baselines."""
    from tuner.cli.confirm_tables import print_reading
    from tuner.cli.opening import open_study
    from tuner.cli.tables import print_summary, print_trials
    from tuner.confirm.reading import read_confirmation
    from tuner.reporting.rows import make_rows
    from tuner.reporting.summary import row_data, summarise

    stored, spec = open_study(study, storage)
    summary = summarise(stored, spec)
    reading = read_confirmation(stored, spec)
    rows = make_rows(stored.get_trials(deepcopy=False), spec) if trials else []
    if as_json:
        confirmed = {"confirmation": reading.data()} if reading else {}
        data = summary.data() | confirmed | ({"trials": [row_data(row) for row in rows]} if trials else {})
        sys.stdout.write(json.dumps(data, indent=2) + "\n")
        return
    print_summary(summary)
    if reading:
        print_reading(reading)
    if summary.health:
        sys.stdout.write(f"{summary.health.line()}\n")
    if rows:
        print_trials(rows, list(spec.space.parameters))
