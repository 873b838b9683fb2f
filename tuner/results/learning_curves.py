"""Learning curves: by arm over the test seeds where there is a confirmation, else of the best and the baselines."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from tuner.results.confirmation_reading import Confirmation
from tuner.results.report_data import Band, Measure
from tuner.results.rows import Row
from tuner.study.reader import StudyReader

Points = Sequence[Mapping[str, Any]]


def test_curves(reader: StudyReader, found: Confirmation, measure: Measure) -> tuple[Band, ...]:
    """A band for each tested arm; none where no test run recorded its course."""
    of_test = reader.test_runs()
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
