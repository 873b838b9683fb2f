"""Who takes part in a confirmation, and a confirmation read back for those who build on it. Nothing is written."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tuner import seeds
from tuner.config.model import StudySpec
from tuner.errors import NothingToShow
from tuner.finals.confirmation_plan import DEFAULT_SEEDS, DEFAULT_TOP, VALIDATION_SEEDS, Arm, ConfirmationPlan, digest
from tuner.results.confirmation import Confirmation, conclude, name_in_answer
from tuner.results.rows import Row, baselines, make_rows
from tuner.study.confirmation_writer import AskedConfirmation
from tuner.study.reader import StudyReader


def make_plan(rows: Sequence[Row], spec: StudySpec, *, top: int, test_seeds: int) -> ConfirmationPlan:
    """The best `top` trials of different arguments and the baselines.

    Raises:
        NothingToShow: where no trial is complete.
    """
    fixed = [make_arm(row) for row in _last_of_each_role(baselines(rows))]
    taken = {arm.configuration for arm in fixed}
    tuned: list[Arm] = []
    done = [row for row in rows if row.role is None and row.value is not None]
    for row in sorted(done, key=lambda row: (-(row.value or 0.0), row.number)):
        arm = make_arm(row)
        if len(tuned) < top and arm.configuration not in taken:
            tuned.append(arm)
            taken.add(arm.configuration)
    if not any(row.value is not None for row in rows):
        raise NothingToShow(
            f"study {spec.name!r} has no completed trial yet: nothing to confirm (go on with `tuner run`)"
        )
    return ConfirmationPlan(arms=(*tuned, *fixed), test_seeds=test_seeds, scale=_scale(rows, spec))


def plan_again(rows: Sequence[Row], spec: StudySpec, asked: AskedConfirmation) -> ConfirmationPlan | None:
    """The plan that an earlier confirmation followed, whatever was tuned since; None where an arm's trial is gone."""
    rows = rows[: asked.trials]  # what came since has no say
    last = {row.label: row for row in rows if row.finished}
    if not last.keys() >= set(asked.arms):
        return None
    arms = tuple(make_arm(last[name]) for name in asked.arms)
    return ConfirmationPlan(arms=arms, test_seeds=asked.seeds, scale=_scale(rows, spec))


def _last_of_each_role(rows: Sequence[Row]) -> list[Row]:
    return list({row.role: row for row in rows}.values())


def make_arm(row: Row) -> Arm:
    """A trial's configuration as an arm."""
    return Arm(
        name=row.label,
        role=row.role,
        arguments=row.arguments,
        configuration=digest(row.arguments),
        success=row.success,
        mean_return=row.attributes.get("return"),
    )


def _scale(rows: Sequence[Row], spec: StudySpec) -> float:
    """One for success rates; for returns, how far the study's scores lie apart, if that can be said."""
    if spec.objective != "return" and any(row.success is not None for row in rows):
        return 1.0
    values = [row.value for row in rows if row.value is not None]
    return max(values) - min(values) or math.inf


@dataclass(frozen=True, kw_only=True)
class ConfirmationReading:
    """The last confirmation of a study, with the arms and the number of seeds that it was made with."""

    confirmation: Confirmation
    recommended: Row | None  # the trial or the baseline to train with, once everything is run
    newer: int  # completed trials that the study has had since

    def data(self) -> dict[str, Any]:
        """As JSON."""
        return {**self.confirmation.data(), "newer_trials": self.newer}


def read_confirmation(reader: StudyReader) -> ConfirmationReading | None:
    """The study's last confirmation as far as it has come, None where it has none.

    Trials that were tuned since take no part in it; `newer` counts them.
    """
    spec, results = reader.spec, reader.confirmation_results()
    if not results:
        return None
    rows, asked = make_rows(reader), reader.asked_confirmation()
    plan = plan_again(rows, spec, asked) if asked else None
    if plan is None:  # its companion is of an earlier version
        plan = make_plan(rows, spec, top=DEFAULT_TOP, test_seeds=DEFAULT_SEEDS)
    confirmation = conclude(plan, spec, results)
    name = confirmation.recommended.name if confirmation.recommended else None
    return ConfirmationReading(
        confirmation=confirmation,
        recommended=next((row for row in reversed(rows) if row.finished and row.label == name), None),
        newer=sum(row.value is not None for row in rows[asked.trials :]) if asked else 0,
    )


def confirmation_data(reading: ConfirmationReading, row: Row) -> dict[str, Any]:
    """A complete confirmation beside the trial that is exported.

    `arm` is what the answer calls that trial's configuration, None where it was not tested.
    """
    found = reading.confirmation
    own = digest(row.arguments)
    tested = next((one.arm for one in found.tested if one.arm.configuration == own), None)
    data = reading.data()
    return {
        "recommended": data.pop("recommended"),
        "arm": None if tested is None else name_in_answer(tested),
        "verdicts": [one.words for one in found.answer.comparisons] if found.answer else [],
        "test_seeds": found.test_seeds,
        **data,
        "seeds": {
            "validation": list(range(seeds.VALIDATION, seeds.VALIDATION + VALIDATION_SEEDS)),
            "test": list(range(seeds.TEST, seeds.TEST + found.test_seeds)),
            "first_validation_goal": seeds.VALIDATION_GOALS,
            "first_test_goal": seeds.TEST_GOALS,
        },
    }
