"""Which configurations a confirmation compares: from a study's trials to its plan."""

import math
import statistics
from collections.abc import Sequence

from tuner.config.model import StudySpec
from tuner.errors import NothingToShow
from tuner.finals.confirmation_plan import Arm, ConfirmationPlan, digest
from tuner.study.confirmation_writer import AskedConfirmation
from tuner.study.rows import Configuration, Row, baselines, configurations


def make_plan(rows: Sequence[Row], spec: StudySpec, *, top: int, test_seeds: int) -> ConfirmationPlan:
    """The best `top` configurations and the baselines; after finals, which have chosen it, the best one alone.

    Raises:
        NothingToShow: where no trial is complete.
    """
    found = configurations(rows)
    last = {row.role: row for row in baselines(rows)}  # of each role
    fixed = [make_arm(row, found) for row in last.values()]
    most = 1 if any(row.repeat_of is not None for row in rows) else top
    taken = {arm.configuration for arm in fixed}
    tuned: list[Arm] = []
    for arm in (make_arm(one.first, found) for one in found if one.first.role is None):
        if len(tuned) < most and arm.configuration not in taken:
            tuned.append(arm)
            taken.add(arm.configuration)
    if not any(row.value is not None for row in rows):
        raise NothingToShow(
            f"study {spec.name!r} has no completed trial yet: nothing to confirm (resume it with `tuner run`)"
        )
    return ConfirmationPlan(arms=(*tuned, *fixed), test_seeds=test_seeds, scale=_scale(rows, spec))


def plan_again(rows: Sequence[Row], spec: StudySpec, asked: AskedConfirmation) -> ConfirmationPlan | None:
    """The plan of an earlier confirmation, without trials that came later; None if one of its trials is gone."""
    rows = rows[: asked.trials]  # those that the confirmation was planned from
    last = {row.label: row for row in rows if row.finished and row.repeat_of is None}
    if not last.keys() >= set(asked.arms):
        return None
    found = configurations(rows)
    arms = tuple(make_arm(last[name], found) for name in asked.arms)
    return ConfirmationPlan(arms=arms, test_seeds=asked.seeds, scale=_scale(rows, spec))


def make_arm(row: Row, found: Sequence[Configuration] = ()) -> Arm:
    """A trial's configuration as one of a confirmation; its figures are means over its seeds if it is in `found`."""
    runs = next((one.rows for one in found if row in one.rows), (row,))
    return Arm(
        name=row.label,
        role=row.role,
        arguments=row.arguments,
        configuration=digest(row.arguments),
        success=_mean([run.success for run in runs]),
        mean_return=_mean([run.attributes.get("return") for run in runs]),
        score=_mean([run.value for run in runs]),
    )


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.fmean(known) if known else None


def _scale(rows: Sequence[Row], spec: StudySpec) -> float:
    """The range of the measure: 1 for success rates, else that of the study's scores (infinite if unknown)."""
    if spec.objective.measure(told=any(row.success is not None for row in rows)) == "success":
        return 1.0
    values = [row.value for row in rows if row.value is not None]
    return max(values) - min(values) or math.inf
