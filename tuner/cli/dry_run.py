"""`tuner run --dry-run`: what it would take, and nothing written."""

import json
import sys

from rich.table import Table
from sqlalchemy.engine import URL

from tuner.cli import words
from tuner.cli.engine import open_engine
from tuner.cli.tables import make_console
from tuner.cli.working import Request, look, stored_study
from tuner.config.model import StudySpec
from tuner.config.schedules import shown
from tuner.config.staging import stage_spec
from tuner.planning.forecast import Forecast, forecast
from tuner.reporting.rows import make_rows
from tuner.study.stored import differences_in_meaning


def tell_plan(request: Request, spec: StudySpec, url: URL) -> int:
    """Measures and prints; returns the exit code."""
    trials = _missing(spec, url)
    measured = stage_spec(spec, 1, {}) if spec.stages else spec
    with open_engine(request.force, measured) as engine:
        if not request.skip_check:
            look(request, measured)
        words.say("Measuring this machine's speed …")
        engine.prepare(1)
        found = forecast(engine, measured, trials)
    if request.as_json:
        sys.stdout.write(json.dumps(found.data(), indent=2) + "\n")
    else:
        print_forecast(found)
    return 0


def _missing(spec: StudySpec, url: URL) -> int:
    """How many trials are still to run."""
    if spec.stages:
        return spec.trials * len(spec.stages)
    if (stored := stored_study(spec.name, url)) is None:
        return spec.trials
    study, known = stored
    if differences := differences_in_meaning(known, spec):
        words.say(f"A run would be refused: the stored study {spec.name!r} differs: {'; '.join(differences)}")
    finished = sum(row.finished for row in make_rows(study.get_trials(deepcopy=False), known))
    return max(spec.trials - finished, 0)


def print_forecast(found: Forecast) -> None:
    """The plan as a table and some lines."""
    console = make_console()
    table = Table("a full trial at", "seconds", "steps/s", box=None, pad_edge=False)
    for corner in found.corners:
        at = ", ".join(f"{name} {shown(value)}" for name, value in corner.values.items()) or "any point of the space"
        table.add_row(at, f"{corner.seconds:.1f}", f"{found.timesteps / corner.seconds:,.0f}")
    table.add_row("a typical point", f"{found.trial_seconds:.1f}", f"{found.steps_per_second:,.0f}")
    console.print(table)
    minutes, unpruned = words.minutes_text(found.minutes), words.minutes_text(found.minutes_unpruned)
    many = f"{found.trials} trial{'s' * (found.trials != 1)} on {found.workers} worker{'s' * (found.workers > 1)}"
    console.print(f"{many}: about {minutes}")
    if found.saved:
        console.print(f"Without pruning: {unpruned}, of which it should save {found.saved:.0%}")
    console.print(f"Confirming the winner: at most {words.minutes_text(found.confirmation_minutes)}")
    console.print(f"Disk: {found.disk_bytes / 1e6:.1f} MB, the database and kept models")
    console.print("Nothing was written.")
