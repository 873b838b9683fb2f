"""`tuner status`: where a study stands."""

import json
import sys
import time
from typing import Annotated

import typer

from tuner.cli.options import DEFAULT_STUDY, JsonOption, StorageOption, StudyArgument

WATCH_EVERY = 5.0  # s


def status(
    study: StudyArgument = DEFAULT_STUDY,
    *,
    trials: Annotated[bool, typer.Option("--trials", help="List every trial, the best first.")] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Show it again every few seconds, until its trials have finished.")
    ] = False,
    storage: StorageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show where a study stands: trials by state, the best, the baselines."""
    while _show(study, storage, trials=trials, as_json=as_json) and watch:
        time.sleep(WATCH_EVERY)


def _show(study: str, storage: str | None, *, trials: bool, as_json: bool) -> bool:
    """Prints it once; returns whether there is more to come."""
    from tuner.cli.confirm_tables import print_reading
    from tuner.cli.opening import open_study
    from tuner.cli.tables import print_summary, print_trials
    from tuner.confirm.reading import read_confirmation
    from tuner.reporting.rows import make_rows
    from tuner.reporting.summary import row_data, summarise
    from tuner.study.queue import submissions

    stored, spec = open_study(study, storage)
    summary = summarise(stored, spec)
    reading = read_confirmation(stored, spec)
    rows = make_rows(stored.get_trials(deepcopy=False), spec) if trials else []
    if as_json:
        confirmed = {"confirmation": reading.data()} if reading else {}
        data = summary.data() | confirmed | ({"trials": [row_data(row) for row in rows]} if trials else {})
        sys.stdout.write(json.dumps(data, indent=2) + "\n")
        return summary.finished < summary.target
    print_summary(summary)
    if reading:
        print_reading(reading)
    if summary.health:
        sys.stdout.write(f"{summary.health.line()}\n")
    if rows:
        print_trials(rows, list(spec.space.parameters))
    waiting = [one for one in submissions(stored._storage) if one.open]
    if waiting:
        places = [one.study + (" (now)" if one.state == "running" else "") for one in waiting]
        sys.stdout.write(f"The service's queue: {', '.join(places)}\n")
    for one in submissions(stored._storage):
        if one.study == spec.name and one.state in ("failed", "cancelled"):
            sys.stdout.write(f"Its submission {one.state}{': ' if one.reason else ''}{one.reason}\n")
    sys.stdout.flush()
    target = max([one.trials for one in waiting if one.study == spec.name], default=summary.target)
    return summary.finished < target
