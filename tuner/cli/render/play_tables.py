"""Played episodes as tables for people, on standard output."""

from rich.table import Table

from tuner.cli.render.result_console import ResultConsole
from tuner.playing.play_episode import Played, PlayedTogether


def print_played(played: Played) -> None:
    """An episode a row, and the share of successes."""
    print_played_together(PlayedTogether(sides=(played,)))


def print_played_together(played: PlayedTogether) -> None:
    """As `print_played`, one after the other."""
    console = ResultConsole()
    for side in played.sides:
        console.print(_episodes(side))
        console.print(f"{side.environment}, {side.actor}: {_together(side)}")


def _episodes(played: Played) -> Table:
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
    return table


def _together(played: Played) -> str:
    """Summary of the episodes: success rate, or mean return without a success signal."""
    if played.success is None:
        mean = sum(episode.total_return for episode in played.episodes) / len(played.episodes)
        return f"mean return {mean:.4g}; success is not told"
    successes = sum(bool(episode.success) for episode in played.episodes)
    return f"{played.success:.0%} success ({successes} of {len(played.episodes)})"
