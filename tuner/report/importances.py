"""Importances with their uncertainty, beside that of a parameter that does nothing."""

import copy
import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from optuna import Study
from optuna.distributions import FloatDistribution
from optuna.importance import PedAnovaImportanceEvaluator
from optuna.trial import FrozenTrial, TrialState

from tuner.report.records import Importance, Importances, Span, Standing
from tuner.report.sample import Sample

FEWEST = 40  # completed trials
RESAMPLES = 100
MOST = 300  # trials in a resample, so that time is bounded
DUMMY = " dummy"  # no parameter's name begins with a blank
METHOD = "PED-ANOVA"


def importances(study: Study, trials: Sequence[FrozenTrial], generator: np.random.Generator) -> Importances:
    """The share of each parameter in whether a trial is among the best tenth.

    Trials are drawn anew with replacement, and every time the parameter that does nothing takes new values.

    Args:
        study: Whose direction counts.
        trials: The study's; completed ones that were tuned are used.
        generator: Draws the resamples and the dummy's values.
    """
    done = [
        trial
        for trial in trials
        if trial.state == TrialState.COMPLETE and trial.user_attrs.get("role") is None and trial.params
    ]
    names = [name for name in dict.fromkeys(name for trial in done for name in trial.params) if _varies(name, done)]
    enough = len(done) >= FEWEST and bool(names)
    shares = _shares(study, done, names, generator) if enough else np.empty((0, len(names) + 1))
    floor = _span(shares[:, -1]) if enough else None
    found = [_importance(name, shares[:, place], floor) for place, name in enumerate(names) if floor]
    return Importances(
        completed=len(done),
        needed=FEWEST,
        method=METHOD,
        resamples=RESAMPLES,
        parameters=tuple(sorted(found, key=lambda one: -one.median)),
        floor=floor,
    )


def _varies(name: str, trials: Sequence[FrozenTrial]) -> bool:
    values = {repr(trial.params[name]) for trial in trials if name in trial.params}
    return len(values) > 1


def _shares(
    study: Study, trials: Sequence[FrozenTrial], names: Sequence[str], generator: np.random.Generator
) -> NDArray[np.float64]:
    """(resamples, parameters and the dummy), each row summing to one where anything mattered."""
    evaluator = PedAnovaImportanceEvaluator()
    rows = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on parameters that few of a resample's trials have
        for _ in range(RESAMPLES):
            told = evaluator.evaluate(Sample(study, _drawn(trials, generator)))
            values = np.array([told.get(name, 0.0) for name in (*names, DUMMY)])
            rows.append(values / values.sum() if values.sum() > 0 else values)
    return np.array(rows)


def _drawn(trials: Sequence[FrozenTrial], generator: np.random.Generator) -> list[FrozenTrial]:
    """Trials drawn with replacement, each with one more parameter, whose value is chance."""
    chance = generator.random(len(trials))
    places = generator.integers(len(trials), size=min(len(trials), MOST)).tolist()
    padded = {place: _padded(place, trials[place], chance[place]) for place in set(places)}
    return [padded[place] for place in places]


def _padded(place: int, trial: FrozenTrial, value: float) -> FrozenTrial:
    padded = copy.copy(trial)
    padded.params = {**trial.params, DUMMY: float(value)}
    padded.distributions = {**trial.distributions, DUMMY: FloatDistribution(0.0, 1.0)}
    padded._trial_id = place  # the evaluator tells trials apart by it
    return padded


def _importance(name: str, shares: NDArray[np.float64], floor: Span) -> Importance:
    interval, median = _span(shares), float(np.median(shares))
    standing: Standing = "matters" if interval.low > floor.high else "perhaps" if median > floor.high else "noise"
    return Importance(name=name, median=median, interval=interval, standing=standing)


def _span(shares: NDArray[np.float64]) -> Span:
    low, high = np.quantile(shares, (0.05, 0.95))
    return Span(low=float(low), high=float(high))
