"""Importances with their uncertainty, beside that of a parameter that does nothing."""

import numpy as np
from numpy.typing import NDArray

from tuner.results.report_data import Importance, Importances, Standing
from tuner.statistics.answer_records import Interval
from tuner.study.importance_shares import RESAMPLES
from tuner.study.reader import StudyReader

FEWEST = 40  # completed trials
METHOD = "PED-ANOVA"


def importances(reader: StudyReader, generator: np.random.Generator) -> Importances:
    """The share of each parameter in whether a trial is among the best tenth, over resamples of the trials.

    Args:
        reader: The study.
        generator: Draws the resamples and the dummy's values.
    """
    completed, names, shares = reader.importance_shares(generator, fewest=FEWEST)
    floor = _span(shares[:, -1]) if len(shares) else None
    found = [_importance(name, shares[:, place], floor) for place, name in enumerate(names) if floor]
    return Importances(
        completed=completed,
        needed=FEWEST,
        method=METHOD,
        resamples=RESAMPLES,
        parameters=tuple(sorted(found, key=lambda one: -one.median)),
        floor=floor,
    )


def _importance(name: str, shares: NDArray[np.float64], floor: Interval) -> Importance:
    interval, median = _span(shares), float(np.median(shares))
    standing: Standing = "matters" if interval.low > floor.high else "perhaps" if median > floor.high else "noise"
    return Importance(name=name, median=median, interval=interval, standing=standing)


def _span(shares: NDArray[np.float64]) -> Interval:
    low, high = np.quantile(shares, (0.05, 0.95))
    return Interval(low=float(low), high=float(high))
