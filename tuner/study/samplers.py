"""Samplers, behind one wrapper that makes what they propose what runs."""

import functools
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from optuna import Study, Trial
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, QMCSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState

from tuner.config.conditions import holds
from tuner.config.model import Sampler
from tuner.config.space import ChoiceParameter, FloatParameter, IntParameter, SpaceSpec, snap

STARTUP_TRIALS = 10  # random ones, before TPE has something to go by

MakeSampler = Callable[[int | None], BaseSampler]


def distributions(space: SpaceSpec) -> dict[str, BaseDistribution]:
    """What every trial searches, as Optuna stores and shows it; a parameter that others stay under before those."""
    order = sorted(space.parameters.items(), key=lambda item: getattr(item[1], "below", None) is not None)
    return {name: _distribution(parameter) for name, parameter in order if not parameter.when}


def suggest_conditional(trial: Trial, space: SpaceSpec) -> None:
    """Suggests to a trial, which has all that every trial searches, what its values call for beyond that."""
    waiting = {name: parameter for name, parameter in space.parameters.items() if parameter.when}
    while ready := [name for name, parameter in waiting.items() if holds(parameter, trial.params)]:
        for name in ready:
            _suggest(trial, name, waiting.pop(name))


def _suggest(trial: Trial, name: str, parameter: FloatParameter | IntParameter | ChoiceParameter) -> None:
    if isinstance(parameter, ChoiceParameter):
        trial.suggest_categorical(name, parameter.choices)
    elif isinstance(parameter, IntParameter):
        trial.suggest_int(name, parameter.low, parameter.high, log=parameter.scale != "linear")
    else:
        trial.suggest_float(name, parameter.low, parameter.high, log=parameter.scale == "log")


def _distribution(parameter: FloatParameter | IntParameter | ChoiceParameter) -> BaseDistribution:
    if isinstance(parameter, ChoiceParameter):
        return CategoricalDistribution(parameter.choices)
    if isinstance(parameter, IntParameter):
        return IntDistribution(parameter.low, parameter.high, log=parameter.scale != "linear")
    return FloatDistribution(parameter.low, parameter.high, log=parameter.scale == "log")


def make_sampler(kind: Sampler, space: SpaceSpec, seed: int | None, qmc_seed: int) -> BaseSampler:
    """The study's sampler.

    Args:
        kind: Its name.
        space: What its proposals are snapped to.
        seed: Seeds it afresh at every ask, together with the draw's place; None for fresh entropy.
        qmc_seed: The one seed that a quasi-random sequence keeps for its whole length.
    """
    conditional = any(parameter.when for parameter in space.parameters.values())
    makers: dict[str, MakeSampler] = {
        "tpe": functools.partial(_tpe, conditional),
        "random": RandomSampler,
        "qmc": functools.partial(_qmc, qmc_seed),
    }
    return SnappingSampler(space, makers[kind], seed)


def _tpe(conditional: bool, seed: int | None) -> BaseSampler:
    """Joint over all that every trial searches, and over what goes with one condition; without conditions, over all."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)  # `group`, since Optuna 2.8, and unchanged since
        return TPESampler(
            seed=seed, n_startup_trials=STARTUP_TRIALS, multivariate=True, group=conditional, constant_liar=True
        )


def _qmc(qmc_seed: int, seed: int | None) -> BaseSampler:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)  # since Optuna 3.0, and unchanged since
        return QMCSampler(
            seed=qmc_seed,
            scramble=True,
            independent_sampler=RandomSampler(seed=seed),
            warn_asynchronous_seeding=False,
            warn_independent_sampling=False,
        )


class SnappingSampler(BaseSampler):
    """Snaps any sampler's proposals to the space's powers of two and keeps every `below`, before they are stored.

    What the database shows is what runs, and no trial is spent on an infeasible point. With a seed, the inner sampler
    is made anew for every draw from (seed, draw): a restarted run goes on, it does not repeat its start. `draw` counts
    the trials before that were no retries; whoever asks sets it. Without it the trial's number stands for it.
    """

    def __init__(self, space: SpaceSpec, make: MakeSampler, seed: int | None) -> None:
        self._space = space
        self._make = make
        self._seed = seed
        self.draw: int | None = None
        self._inner = make(seed)

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Makes the inner sampler anew for this draw."""
        if self._seed is not None:
            draw = trial.number if self.draw is None else self.draw
            self._inner = self._make(int(np.random.SeedSequence((self._seed, draw)).generate_state(1)[0]))
        self._inner.before_trial(study, trial)

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """The inner sampler's."""
        return self._inner.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """The inner sampler's proposal, snapped."""
        return snap(self._space, self._inner.sample_relative(study, trial, search_space))

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """The inner sampler's proposal for one parameter, snapped with those before it."""
        value = self._inner.sample_independent(study, trial, param_name, param_distribution)
        return snap(self._space, {**trial.params, param_name: value})[param_name]

    def after_trial(self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None) -> None:
        """The inner sampler's."""
        self._inner.after_trial(study, trial, state, values)

    def reseed_rng(self) -> None:
        """The inner sampler's."""
        self._inner.reseed_rng()
