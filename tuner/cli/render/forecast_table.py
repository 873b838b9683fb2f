"""What a run would take, as a table for people on standard output."""

from rich.table import Table

from tuner.cli.render.tables import make_console
from tuner.cli.render.words import many, minutes_text
from tuner.config.schedules import shown
from tuner.planning.forecast import Forecast


def print_forecast(found: Forecast) -> None:
    """The plan as a table and some lines."""
    console = make_console()
    table = Table("a full trial at", "seconds", "steps/s", box=None, pad_edge=False)
    for corner in found.corners:
        at = ", ".join(f"{name} {shown(value)}" for name, value in corner.values.items()) or "any point of the space"
        table.add_row(at, f"{corner.seconds:.1f}", f"{found.timesteps / corner.seconds:,.0f}")
    table.add_row("a typical point", f"{found.trial_seconds:.1f}", f"{found.steps_per_second:,.0f}")
    console.print(table)
    minutes, unpruned = minutes_text(found.minutes), minutes_text(found.minutes_unpruned)
    console.print(f"{many(found.trials, 'trial')} on {many(found.workers, 'worker')}: about {minutes}")
    if found.saved:
        console.print(f"Without pruning: {unpruned}, of which it should save {found.saved:.0%}")
    console.print(f"Confirming the winner: at most {minutes_text(found.confirmation_minutes)}")
    console.print(f"Disk: {found.disk_bytes / 1e6:.1f} MB, the database and kept models")
    console.print("Nothing was written.")
