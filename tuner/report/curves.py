"""Learning curves: by arm over the test seeds where there is a confirmation, else of the best and the baselines."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import optuna
from optuna import Study
from optuna.trial import TrialState

from tuner.confirm.result import Confirmation
from tuner.report.records import Band, Measure
from tuner.reporting.rows import Row
from tuner.study.stored import companion, stored_names

Points = Sequence[Mapping[str, Any]]


def test_curves(study: Study, found: Confirmation, measure: Measure) -> tuple[Band, ...]:
    """A band for each tested arm; none where no test run recorded its course."""
    if companion(found.study) not in stored_names(study._storage):
        return ()
    kept = optuna.load_study(storage=study._storage, study_name=companion(found.study))
    runs = kept.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    of_test = [run.user_attrs for run in runs if run.user_attrs.get("phase") == "test"]
    bands = [
        band(
            one.arm.name,
            [attributes.get("curve", []) for attributes in of_test if _belongs(attributes, one.arm.configuration)],
            measure,
        )
        for one in found.tested
    ]
    return tuple(one for one in bands if one is not None)


def _belongs(attributes: Mapping[str, Any], configuration: str) -> bool:
    return bool(attributes.get("configuration") == configuration)


def tuning_curves(rows: Iterable[Row], measure: Measure) -> tuple[Band, ...]:
    """The curves of single trials."""
    bands = [band(row.label, [row.attributes.get("curve", [])], measure) for row in rows]
    return tuple(one for one in bands if one is not None)


def band(name: str, curves: Sequence[Points], measure: Measure) -> Band | None:
    """Several seeds' curves as one; those that did not go through the same steps as the longest are left out."""
    told = [course for curve in curves if (course := _course(curve, measure))]
    if not told:
        return None
    steps = max((tuple(course) for course in told), key=len)
    values = np.array([[course[step] for step in steps] for course in told if tuple(course) == steps])
    low, median, high = np.quantile(values, (0.25, 0.5, 0.75), axis=0)
    return Band(
        name=name,
        seeds=len(values),
        steps=steps,
        median=tuple(median.tolist()),
        low=tuple(low.tolist()),
        high=tuple(high.tolist()),
        lines=tuple(tuple(line) for line in values.tolist()),
    )


def _course(curve: Points, measure: Measure) -> dict[int, float]:
    return {point["step"]: float(point[measure]) for point in curve if point.get(measure) is not None}
