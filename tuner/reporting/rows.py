"""Trials as rows: what tables, exports and progress need of them, and no Optuna beyond this door."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from tuner.config.model import StudySpec
from tuner.config.space import job_arguments
from tuner.errors import NothingToShow, UnknownName

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


def make_row(trial: FrozenTrial, spec: StudySpec) -> Row:
    """A row from Optuna's record."""
    attributes = trial.user_attrs
    return Row(
        number=trial.number,
        state=trial.state.name.lower(),
        role=attributes.get("role"),
        value=trial.value if trial.state == TrialState.COMPLETE else None,
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


def make_rows(trials: Sequence[FrozenTrial], spec: StudySpec) -> list[Row]:
    """All trials as rows, in order."""
    return [make_row(trial, spec) for trial in trials]


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
