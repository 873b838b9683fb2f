"""How much each parameter decides whether a trial is among the best tenth, by Optuna's PED-ANOVA over resamples."""

import copy
import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from optuna import Study
from optuna.distributions import FloatDistribution
from optuna.importance import PedAnovaImportanceEvaluator
from optuna.trial import FrozenTrial, TrialState

from tuner.study.sample import Sample

RESAMPLES = 100
MOST = 300  # trials in a resample, so that time is bounded
DUMMY = " dummy"  # no parameter's name begins with a blank


def importance_shares(
    study: Study, generator: np.random.Generator, *, fewest: int
) -> tuple[int, list[str], NDArray[np.float64]]:
    """The share of each parameter, beside that of one that does nothing.

    Trials are drawn anew with replacement, and every time the parameter that does nothing takes new values.

    Args:
        study: Its completed trials that were tuned are used.
        generator: Draws the resamples and the dummy's values.
        fewest: Trials below which nothing is computed.

    Returns:
        How many trials there were, the parameters that vary among them, and their shares (resamples, parameters and
        the dummy last), each row summing to one where anything mattered; no rows where trials or parameters are too
        few.
    """
    done = [
        trial
        for trial in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        if trial.user_attrs.get("role") is None and trial.params
    ]
    names = [name for name in dict.fromkeys(name for trial in done for name in trial.params) if _varies(name, done)]
    if len(done) < fewest or not names:
        return len(done), names, np.empty((0, len(names) + 1))
    return len(done), names, _shares(study, done, names, generator)


def _varies(name: str, trials: Sequence[FrozenTrial]) -> bool:
    values = {repr(trial.params[name]) for trial in trials if name in trial.params}
    return len(values) > 1


def _shares(
    study: Study, trials: Sequence[FrozenTrial], names: Sequence[str], generator: np.random.Generator
) -> NDArray[np.float64]:
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
