"""What was played, as a table for people on standard output."""

from rich.table import Table

from tuner.cli.tables import make_console
from tuner.playing.records import Episode, Played


def line(episode: Episode) -> str:
    """An episode that has just ended, in a line."""
    end = {True: "success", False: "no success", None: "ended"}[episode.success]
    return f"episode {episode.episode}: {end} after {episode.steps} steps, return {episode.total_return:.4g}"


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
    successes = sum(bool(episode.success) for episode in played.episodes)
    share = "it does not tell success" if played.success is None else f"{played.success:.0%} success"
    of = "" if played.success is None else f" ({successes} of {len(played.episodes)})"
    console.print(f"{played.environment}, {played.actor}: {share}{of}")
