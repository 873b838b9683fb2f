"""Films of the best tuned trial and of the current configuration, at the same goals."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tuner.report.records import FilmLine

if TYPE_CHECKING:
    from optuna import Study

    from tuner.config.model import StudySpec
    from tuner.reporting.rows import Row

EPISODES = 5

Shown = dict[str, tuple[FilmLine, bytes]]  # by label; empty bytes where there is no film


def film(study: "Study", spec: "StudySpec", storage: str | None) -> Shown:
    """A film of each, or a word why there is none."""
    return {row.label: _film(spec, row, storage) for row in _who(study, spec)}


def _who(study: "Study", spec: "StudySpec") -> list["Row"]:
    from tuner.confirm.reading import read_confirmation
    from tuner.reporting.rows import baselines, best, make_rows
    from tuner.statistics.records import CURRENT

    rows = make_rows(study.get_trials(deepcopy=False), spec)
    reading = read_confirmation(study, spec)
    name = reading.confirmation.winner.name if reading is not None and reading.confirmation.winner else None
    tuned = [row for row in rows if row.role is None]
    winner = next((row for row in tuned if row.label == name), best(tuned))
    current = [row for row in baselines(rows) if row.label == CURRENT][-1:]
    return [row for row in (winner, *current) if row is not None]


def _film(spec: "StudySpec", row: "Row", storage: str | None) -> tuple[FilmLine, bytes]:
    from tuner import seeds
    from tuner.cli.casting import Casting, cast
    from tuner.cli.words import say
    from tuner.errors import TunerError
    from tuner.playing.play import play

    goals = seeds.play_goals(EPISODES)
    asked = Casting(expert=False, model=None, study=spec.name, trial=row.number, env=None, storage=storage)
    say(f"Films {EPISODES} episodes of {row.label} …")
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "film.mp4"
        try:
            ref, actor = cast(asked)
            played = play(ref, actor, goals, target, lambda _: None)
        except TunerError as error:
            return FilmLine(label=row.label, goals=goals, success=None, why_not=str(error)), b""
        return FilmLine(label=row.label, goals=goals, success=played.success), target.read_bytes()
