"""A confirmation read back, for those who build on it: exports, reports, `tuner status`. Nothing is written."""

from dataclasses import dataclass
from typing import Any

from optuna import Study

from tuner.config.model import StudySpec
from tuner.confirm.plan import DEFAULT_SEEDS, DEFAULT_TOP, make_plan, plan_again
from tuner.confirm.result import Confirmation, conclude
from tuner.reporting.rows import Row, make_rows
from tuner.study.confirmation_writer import read_asked, read_results


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The last confirmation of a study, with the arms and the number of seeds that it was made with."""

    confirmation: Confirmation
    recommended: Row | None  # the trial or the baseline to train with, once everything is run
    newer: int  # completed trials that the study has had since

    def data(self) -> dict[str, Any]:
        """As JSON."""
        return {**self.confirmation.data(), "newer_trials": self.newer}


def read_confirmation(study: Study, spec: StudySpec) -> Reading | None:
    """The study's last confirmation as far as it has come, None where it has none.

    Trials that were tuned since take no part in it; `newer` counts them.
    """
    results = read_results(study._storage, spec.name)
    if not results:
        return None
    rows = make_rows(study.get_trials(deepcopy=False), spec)
    asked = read_asked(study._storage, spec.name)
    plan = plan_again(rows, spec, asked) if asked else None
    if plan is None:  # its companion is of an earlier version
        plan = make_plan(rows, spec, top=DEFAULT_TOP, test_seeds=DEFAULT_SEEDS)
    confirmation = conclude(plan, spec, results)
    name = confirmation.recommended.name if confirmation.recommended else None
    return Reading(
        confirmation=confirmation,
        recommended=next((row for row in reversed(rows) if row.finished and row.label == name), None),
        newer=sum(row.value is not None for row in rows[asked.trials :]) if asked else 0,
    )
