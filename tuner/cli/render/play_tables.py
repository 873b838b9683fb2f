"""What was played, as a table for people on standard output."""

from rich.table import Table

from tuner.cli.render.tables import make_console
from tuner.playing.played import Played


def print_played(played: Played) -> None:
    """An episode a row, and the share of successes."""
    table = Table("episode", "seed", "steps", "return", "success", "stages", box=None, pad_edge=False)
    for episode in played.episodes:
        table.add_row(
            str(episode.episode),
            str(episode.seed),
            str(episode.steps),
            f"{episode.total_return:.4g}",
            {True: "yes", False: "no", None: "-"}[episode.success],
            ", ".join(episode.stages) or "-",
        )
    console = make_console()
    console.print(table)
    console.print(f"{played.environment}, {played.actor}: {_together(played)}")


def _together(played: Played) -> str:
    """All episodes in a word: success, or where nobody tells it the return."""
    if played.success is None:
        mean = sum(episode.total_return for episode in played.episodes) / len(played.episodes)
        return f"mean return {mean:.4g}; success is not told"
    successes = sum(bool(episode.success) for episode in played.episodes)
    return f"{played.success:.0%} success ({successes} of {len(played.episodes)})"
