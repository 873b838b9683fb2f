"""Optuna's TPE, proposal for proposal, with what it would read anew out of every trial at every ask kept in arrays."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optuna import Study
from optuna.distributions import BaseDistribution
from optuna.samplers import TPESampler
from optuna.samplers._tpe.sampler import _get_infeasible_trial_score, _get_pruned_trial_score, default_gamma
from optuna.search_space import IntersectionSearchSpace
from optuna.trial import FrozenTrial, TrialState

from tuner.study.history import History

Array = NDArray[np.float64]
COMPLETE, PRUNED, INFEASIBLE = 0.0, 1.0, 2.0  # the order of Optuna's groups, best first


class Observed:
    """What a study's finished trials say to TPE, as arrays over the trials' numbers; NaN where one says nothing.

    It outlives the samplers, of which a study with a seed has one a trial.
    """

    def __init__(self) -> None:
        self.space = IntersectionSearchSpace(include_pruned=True)  # Optuna's, which goes on from where it was
        self._history = History()
        self._finished: list[FrozenTrial] = []
        self._ranks = np.full((0, 3), np.nan)  # group, then twice what Optuna sorts it by
        self._columns: dict[str, tuple[BaseDistribution, Array]] = {}

    def take_up(self, study: Study, trials: Sequence[FrozenTrial]) -> None:
        """Reads what has finished since the last call."""
        self._ranks = _grown(self._ranks, len(trials))
        self._columns = {name: (kind, _grown(values, len(trials))) for name, (kind, values) in self._columns.items()}
        for trial in self._history.finished_since(trials):
            if trial.state != TrialState.FAIL:
                self._finished.append(trial)
                self._ranks[trial.number] = _rank(study, trial)
                for name, (distribution, values) in self._columns.items():
                    _read(trial, name, distribution, values)

    def running(self, trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
        """Those of the trials that run."""
        unfinished = (trials[number] for number in self._history.unfinished())
        return [trial for trial in unfinished if trial.state == TrialState.RUNNING]

    def __len__(self) -> int:
        """Completed and pruned trials."""
        return len(self._finished)

    def best(self, count: int) -> NDArray[np.intp]:
        """The numbers of the best, in Optuna's order."""
        numbers = np.flatnonzero(~np.isnan(self._ranks[:, 0]))
        ranks = self._ranks[numbers]
        return numbers[np.lexsort((ranks[:, 2], ranks[:, 1], ranks[:, 0]))[:count]]

    def column(self, name: str, distribution: BaseDistribution) -> Array:
        """A parameter's values in all trials, as Optuna stores them: a copy."""
        known = self._columns.get(name)
        if known is None or known[0] != distribution:
            known = (distribution, np.full(len(self._ranks), np.nan))
            for trial in self._finished:
                _read(trial, name, *known)
            self._columns[name] = known
        return known[1].copy()


def _grown(values: Array, size: int) -> Array:
    """The array, with room for `size` trials and some more."""
    if size <= len(values):
        return values
    more = np.full((2 * size - len(values), *values.shape[1:]), np.nan)
    return np.concatenate([values, more])


def _rank(study: Study, trial: FrozenTrial) -> tuple[float, float, float]:
    """What Optuna sorts a trial by, the lowest being the best."""
    if (excess := _get_infeasible_trial_score(trial)) > 0:
        return INFEASIBLE, excess, 0.0
    if trial.state == TrialState.COMPLETE:
        value = trial.value
        return COMPLETE, math.nan if value is None else -value, 0.0
    return PRUNED, *_get_pruned_trial_score(trial, study)


def _read(trial: FrozenTrial, name: str, distribution: BaseDistribution, values: Array) -> None:
    if name in trial.params:
        values[trial.number] = distribution.to_internal_repr(trial.params[name])


class KeepingTPESampler(TPESampler):
    """Optuna's TPE for one objective that is maximised, with what it knows of finished trials kept in `Observed`.

    Optuna sorts all trials and reads every parameter out of each at every ask, which in a study of 10 000 takes several
    times as long as the proposal itself. What is sampled from, and the order in which random numbers are drawn, is the
    same: a test holds both to one another, digit for digit.
    """

    def __init__(self, observed: Observed, *, seed: int | None, n_startup_trials: int, group: bool) -> None:
        super().__init__(
            multivariate=True, group=group, constant_liar=True, n_startup_trials=n_startup_trials, seed=seed
        )
        self._observed = observed
        self._search_space = observed.space

    def _sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        self._take_up(study)
        if not search_space or len(self._observed) < self._n_startup_trials:
            return {}
        return self._sample(study, trial, search_space)

    def _sample(self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]) -> dict[str, Any]:
        trials = self._take_up(study)
        best = self._observed.best(default_gamma(len(self._observed)))
        columns = {name: self._observed.column(name, kind) for name, kind in search_space.items()}
        below = {name: values[np.sort(best)] for name, values in columns.items()}
        for values in columns.values():
            values[best] = np.nan
        for other in self._observed.running(trials):
            if other.number != trial.number:
                self._lie(study, other, search_space, columns)
        return self._propose(search_space, _whole(below), _whole(columns))

    def _take_up(self, study: Study) -> list[FrozenTrial]:
        trials = study.get_trials(deepcopy=False)
        self._observed.take_up(study, trials)
        return trials

    def _lie(
        self, study: Study, running: FrozenTrial, space: dict[str, BaseDistribution], columns: dict[str, Array]
    ) -> None:
        """Takes a trial that runs for one that came to nothing, so that others keep away from it."""
        params = running.params if space.keys() <= running.params.keys() else self._get_params(running, study)
        if space.keys() <= params.keys():
            for name, distribution in space.items():
                columns[name][running.number] = distribution.to_internal_repr(params[name])

    def _propose(
        self, space: dict[str, BaseDistribution], below: dict[str, Array], above: dict[str, Array]
    ) -> dict[str, Any]:
        """The best of some samples of the density of the best trials, by its ratio to that of the others."""
        good, other = (
            self._parzen_estimator_cls(observations, space, self._parzen_estimator_parameters)
            for observations in (below, above)
        )
        samples = good.sample(self._rng.rng, self._n_ei_candidates)
        chosen = TPESampler._compare(samples, self._compute_acquisition_func(samples, good, other))
        return {name: distribution.to_external_repr(chosen[name]) for name, distribution in space.items()}


def _whole(columns: dict[str, Array]) -> dict[str, Array]:
    """The values of those trials that have all parameters, in the trials' order."""
    there = ~np.isnan(np.array([*columns.values()])).any(axis=0)
    return {name: values[there] for name, values in columns.items()}
