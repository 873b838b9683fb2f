"""Trials as rows, and the configurations that they are runs of."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from tuner.config.model import StudySpec
from tuner.config.space import job_arguments
from tuner.errors import NothingToShow, UnknownName
from tuner.finals.confirmation_plan import digest
from tuner.finals.leader import Run, Standing, standings
from tuner.record_type import Record
from tuner.study.history import Attributes, HeavyAttributes

FINISHED = ("complete", "pruned")
CARRIED = "carried_from"  # attribute of a trial that another study ran, which only the sampler and the pruner look at


class Row(Record):
    """One trial."""

    number: int
    state: str  # complete, pruned, fail, running, waiting
    role: str | None
    value: float | None  # of a completed trial
    success: float | None
    milestones: dict[str, float]  # share of evaluation episodes that reached each, in the study's order
    arguments: dict[str, Any]  # all arguments of the algorithm
    params: dict[str, Any]  # sampled parameters
    seed: int | None
    seconds: float | None
    steps: int
    episode_length: float | None
    repeat_of: int | None = None  # the first trial of its configuration, if it repeats one on a new training seed
    attributes: Mapping[str, Any]

    @property
    def finished(self) -> bool:
        """Whether it counts towards the number of trials."""
        return self.state in FINISHED

    @property
    def label(self) -> str:
        """Its configuration's name: the baseline's, or `trial N` after the first trial."""
        first = self.number if self.repeat_of is None else self.repeat_of
        return self.role.partition(":")[2] if self.role else f"trial {first}"


class EndedTrial(Record):
    """A trial that has ended, with when it ran and what it kept."""

    row: Row
    started: datetime | None  # None for one that never ran
    ended: datetime | None
    files: Mapping[str, Path]  # by the names that they were stored under


class RunningTrial(Record):
    """A trial that runs, with what it has reported."""

    row: Row
    reported: tuple[tuple[int, float], ...]  # steps and scores
    likely_pruned: bool


def make_row(trial: FrozenTrial, spec: StudySpec, heavy: HeavyAttributes | None = None) -> Row:
    """Converts an Optuna trial; `heavy` reads the attributes that it was read without."""
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
        repeat_of=attributes.get("repeat_of"),
        attributes=Attributes(attributes, heavy, trial._trial_id) if heavy else dict(attributes),
    )


MOST_NAMES = 20  # trials listed in an error


class Configuration(Record):
    """A configuration with its finished trials, one a training seed."""

    rows: tuple[Row, ...]  # in order
    standing: Standing

    @property
    def first(self) -> Row:
        """The trial that it is named after."""
        return self.rows[0]

    @property
    def successes(self) -> tuple[float, ...]:
        """Success rates by seed; a diverged run's is 0."""
        found = [row.success if row.value is not None else 0.0 for row in self.rows]
        return tuple(success for success in found if success is not None)

    @property
    def success(self) -> float | None:
        """Mean success rate over the seeds; None without a success signal."""
        return statistics.fmean(self.successes) if len(self.successes) == len(self.rows) else None


def score_runs(rows: Sequence[Row]) -> list[Run]:
    """The trials with a score. A repeat that diverged has the lowest of all scores; other pruned trials have none."""
    worst = min((row.value for row in rows if row.value is not None), default=0.0)
    found = []
    for row in rows:
        if row.value is None and (row.repeat_of is None or not row.finished):
            continue
        score, area = worst if row.value is None else row.value, row.attributes.get("success_area")
        found.append(Run(trial=row.number, configuration=digest(row.arguments), score=score, area=area))
    return found


def configurations(rows: Sequence[Row]) -> list[Configuration]:
    """Every configuration with a score, the leader first; where nothing was repeated, every trial is one."""
    by_number = {row.number: row for row in rows}
    runs = score_runs(rows)
    if all(row.repeat_of is None for row in rows):
        runs = [replace(run, configuration=str(run.trial)) for run in runs]
    return [
        Configuration(rows=tuple(by_number[number] for number in one.trials), standing=one) for one in standings(runs)
    ]


def best(rows: Sequence[Row]) -> Row | None:
    """The first trial of the leader; None if none is complete.

    The leader is the configuration with the best mean over its seeds (`tuner.finals.leader`); where nothing was
    repeated, that of the highest value, the earliest of equals.
    """
    return next((one.first for one in configurations(rows)), None)


def seeds_behind(rows: Sequence[Row], row: Row) -> int:
    """The number of training seeds that a trial's configuration has finished."""
    return next((len(one.rows) for one in configurations(rows) if row in one.rows), 1)


def pick(rows: Sequence[Row], wanted: str) -> Row:
    """A trial by its number, `best` for the leader's first, or a baseline's name for its first.

    Raises:
        NothingToShow: if `best` is wanted and no trial is complete.
        UnknownName: if there is no such trial.
    """
    if wanted == "best":
        if (winner := best(rows)) is None:
            raise NothingToShow("the study has no completed trial yet (see `tuner status --trials`)")
        return winner
    first = [row for row in rows if row.repeat_of is None]
    named = [row for row in rows if wanted == str(row.number)]
    named = named or [row for row in first if row.role is not None and wanted == row.label]
    if not named:
        names = [str(row.number) for row in rows[:MOST_NAMES]] + [row.label for row in first if row.role is not None]
        raise UnknownName("trial", wanted, {"best", *names}, "`tuner status --trials` lists them")
    return named[-1]


def baselines(rows: Sequence[Row]) -> list[Row]:
    """The finished baselines, in order, without their repeats."""
    return [row for row in rows if row.role is not None and row.finished and row.repeat_of is None]


def choose(rows: list[Row], number: int | None) -> Row:
    """The finished trial with the number, or the leader's first if it is None.

    Raises:
        NothingToShow: if no trial is complete.
        UnknownName: if no finished trial has the number.
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
