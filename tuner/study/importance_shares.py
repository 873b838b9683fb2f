"""Parameter importances for reaching the best tenth of trials: Optuna's PED-ANOVA over bootstrap resamples."""

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
MOST = 300  # trials per resample, which bounds the time
DUMMY = " dummy"  # no parameter name starts with a space


def importance_shares(
    study: Study, generator: np.random.Generator, *, fewest: int
) -> tuple[int, list[str], NDArray[np.float64]]:
    """The importance of each parameter as a share, with that of a random dummy parameter for comparison.

    Every resample draws trials with replacement and new random values of the dummy.

    Args:
        study: Its completed trials are used, except baselines and repeats.
        generator: Draws the resamples and the dummy's values.
        fewest: The least number of trials.

    Returns:
        The number of trials, the parameters that vary among them, and the shares of shape (resamples, parameters + 1),
        the dummy last; a row sums to one unless all importances are zero. No rows if trials or parameters are too few.
    """
    done = [
        trial
        for trial in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        if trial.user_attrs.get("role") is None and "repeat_of" not in trial.user_attrs and trial.params
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
        warnings.simplefilter("ignore")  # for parameters that few trials of a resample have
        for _ in range(RESAMPLES):
            importances = evaluator.evaluate(Sample(study, _drawn(trials, generator)))
            values = np.array([importances.get(name, 0.0) for name in (*names, DUMMY)])
            rows.append(values / values.sum() if values.sum() > 0 else values)
    return np.array(rows)


def _drawn(trials: Sequence[FrozenTrial], generator: np.random.Generator) -> list[FrozenTrial]:
    """Trials drawn with replacement, each with the dummy parameter added."""
    chance = generator.random(len(trials))
    places = generator.integers(len(trials), size=min(len(trials), MOST)).tolist()
    padded = {place: _padded(place, trials[place], chance[place]) for place in set(places)}
    return [padded[place] for place in places]


def _padded(place: int, trial: FrozenTrial, value: float) -> FrozenTrial:
    padded = copy.copy(trial)
    padded.params = {**trial.params, DUMMY: float(value)}
    padded.distributions = {**trial.distributions, DUMMY: FloatDistribution(0.0, 1.0)}
    padded._trial_id = place  # the evaluator distinguishes trials by it
    return padded
