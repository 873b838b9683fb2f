"""Trials as rows: what tables, exports and progress need of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tuner.config.model import StudySpec
from tuner.config.space import job_arguments
from tuner.errors import NothingToShow, UnknownName
from tuner.study.reader import StoredTrial, StudyReader

FINISHED = ("complete", "pruned")
MOST_NAMES = 20  # of trials, in an error


@dataclass(frozen=True, kw_only=True)
class Row:
    """One trial."""

    number: int
    state: str  # complete, pruned, fail, running, waiting
    role: str | None
    value: float | None  # of a completed trial
    success: float | None
    milestones: dict[str, float]  # share of the evaluation's episodes that came so far, in the study's order
    arguments: dict[str, Any]  # the algorithm's, complete as they ran
    params: dict[str, Any]  # of the space
    seed: int | None
    seconds: float | None
    steps: int
    episode_length: float | None
    attributes: dict[str, Any]

    @property
    def finished(self) -> bool:
        """Whether it counts towards the number of trials asked for."""
        return self.state in FINISHED

    @property
    def label(self) -> str:
        """What people call it."""
        return self.role.partition(":")[2] if self.role else f"trial {self.number}"


def make_row(trial: StoredTrial, spec: StudySpec) -> Row:
    """A row from a stored trial."""
    attributes = trial.attributes
    return Row(
        number=trial.number,
        state=trial.state,
        role=attributes.get("role"),
        value=trial.value,
        success=attributes.get("success"),
        milestones=attributes.get("milestones", {}),
        arguments=job_arguments(spec.space, trial.params, attributes.get("overrides", {})),
        params=dict(trial.params),
        seed=attributes.get("seed"),
        seconds=attributes.get("seconds"),
        steps=attributes.get("steps", 0),
        episode_length=attributes.get("episode_length"),
        attributes=dict(attributes),
    )


def make_rows(reader: StudyReader) -> list[Row]:
    """All trials of a study as rows, in order."""
    return [make_row(trial, reader.spec) for trial in reader.trials]


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
