"""Which of a study's trials is meant."""

from collections.abc import Sequence

from tuner.errors import NothingToShow, UnknownName
from tuner.study.reader import Row

MOST_NAMES = 20  # of trials, in an error


def best(rows: Sequence[Row]) -> Row | None:
    """The completed trial of the highest value, the earliest among equals; None where none is complete."""
    done = [row for row in rows if row.value is not None]
    return max(done, key=lambda row: (row.value, -row.number)) if done else None


def pick(rows: Sequence[Row], wanted: str) -> Row:
    """The trial of a number, the best, or a baseline by its name (the last where it ran again).

    Raises:
        NothingToShow: where no trial is complete and the best is asked for.
        UnknownName: where no trial answers to it.
    """
    if wanted == "best":
        if (winner := best(rows)) is None:
            raise NothingToShow("the study has no completed trial yet (see `tuner status --trials`)")
        return winner
    named = [row for row in rows if wanted == str(row.number) or (row.role is not None and wanted == row.label)]
    if not named:
        names = [str(row.number) for row in rows[:MOST_NAMES]] + [row.label for row in rows if row.role is not None]
        raise UnknownName("trial", wanted, {"best", *names}, "`tuner status --trials` lists them")
    return named[-1]


def baselines(rows: Sequence[Row]) -> list[Row]:
    """The finished baselines, in order."""
    return [row for row in rows if row.role is not None and row.finished]


def choose(rows: list[Row], number: int | None) -> Row:
    """The finished trial of a number, else the best.

    Raises:
        NothingToShow: where no trial is complete.
        UsageProblem: where the number is no finished trial's.
    """
    finished = [row for row in rows if row.finished]
    if number is not None:
        found = next((row for row in finished if row.number == number), None)
        if found is None:
            valid = [str(row.number) for row in finished[:20]]
            raise UnknownName("finished trial", str(number), valid)
        return found
    winner = best(rows)
    if winner is None:
        raise NothingToShow("the study has no completed trial to export yet (see `tuner status`)")
    return winner
