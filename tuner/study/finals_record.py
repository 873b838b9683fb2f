"""Finals in a study: the plans that are stored with it, and their repeats among its trials."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from optuna import Study
from optuna.trial import FrozenTrial

from tuner.finals.finals_plan import FinalsPlan, Repeat
from tuner.study.rows import Row, score_runs

KEY = "finals"  # of a study's attribute: its plans, in order
OF_CONFIGURATION = (
    "role",
    "overrides",
    "device_asked",
)  # a trial's attributes that its retries and repeats have as well


def read_plans(study: Study) -> list[FinalsPlan]:
    """The finals that have begun, in order."""
    return [FinalsPlan(**plan) for plan in study.user_attrs.get(KEY, [])]


def write_plan(study: Study, plan: FinalsPlan) -> None:
    """Adds finals that begin."""
    study.set_user_attr(KEY, [asdict(one) for one in [*read_plans(study), plan]])


def is_repeat(trial: FrozenTrial) -> bool:
    """Whether a trial repeats another on a new training seed."""
    return "repeat_of" in trial.user_attrs


def results(rows: Sequence[Row]) -> dict[tuple[str, int], float]:
    """The scores of finished repeats, by configuration and place."""
    by_number = {row.number: row for row in rows}
    repeats = [run for run in score_runs(rows) if by_number[run.trial].repeat_of is not None]
    return {(run.configuration, by_number[run.trial].attributes["place"]): run.score for run in repeats}


def attributes(repeat: Repeat, original: FrozenTrial) -> dict[str, Any]:
    """The attributes that a repeat is enqueued with: its own, and those of the configuration."""
    kept = {name: original.user_attrs[name] for name in OF_CONFIGURATION if name in original.user_attrs}
    return {**kept, "repeat_of": repeat.trial, "place": repeat.place, "seed": repeat.seed}
