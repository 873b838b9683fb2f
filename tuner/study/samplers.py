"""The samplers, wrapped so that stored parameters are the ones that run."""

import functools
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from optuna import Study, Trial
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, GPSampler, QMCSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState

from tuner.config.conditions import holds
from tuner.config.model import Sampler
from tuner.config.parameters import ChoiceParameter, FloatParameter, IntParameter
from tuner.config.space import SpaceSpec, snap

STARTUP_TRIALS = 10  # random trials before TPE starts

MakeSampler = Callable[[int | None], BaseSampler]


def distributions(space: SpaceSpec) -> dict[str, BaseDistribution]:
    """The unconditional parameters; a parameter that is an upper bound of others comes before them."""
    order = sorted(space.parameters.items(), key=lambda item: getattr(item[1], "below", None) is not None)
    return {name: _distribution(parameter) for name, parameter in order if not parameter.when}


def every_distribution(space: SpaceSpec) -> dict[str, BaseDistribution]:
    """All parameters, conditional ones as well."""
    return {name: _distribution(parameter) for name, parameter in space.parameters.items()}


def suggest_conditional(trial: Trial, space: SpaceSpec) -> None:
    """Suggests the conditional parameters whose conditions hold, to a trial with all unconditional ones."""
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
        space: The space; sampled parameters are snapped to it.
        seed: Reseeds it for every sampled trial, together with the trial's index; None for entropy.
        qmc_seed: The seed of the whole quasi-random sequence.
    """
    conditional = any(parameter.when for parameter in space.parameters.values())
    makers: dict[str, MakeSampler] = {
        "tpe": functools.partial(_tpe, conditional),
        "gp": _gp,
        "random": RandomSampler,
        "qmc": functools.partial(_qmc, qmc_seed),
    }
    return SnappingSampler(space, makers[kind], seed)


def _tpe(conditional: bool, seed: int | None) -> BaseSampler:
    """Multivariate TPE; with conditional parameters, grouped by the parameters that occur together."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)  # `group`, since Optuna 2.8, and unchanged since
        return TPESampler(
            seed=seed, n_startup_trials=STARTUP_TRIALS, multivariate=True, group=conditional, constant_liar=True
        )


def _gp(seed: int | None) -> BaseSampler:
    """A Gaussian process that takes scores for noisy; completed trials alone teach it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return GPSampler(seed=seed, n_startup_trials=STARTUP_TRIALS, deterministic_objective=False)


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
    """Snaps sampled parameters to powers of two and to every `below` before they are stored.

    So stored parameters are the ones that run, and no trial has infeasible ones. With a seed, a new inner sampler is
    made for every trial from (seed, draw), so a resumed run does not repeat its first samples. `draw` is the number of
    trials sampled before, without retries; the writer sets it. If it is None, the trial's number is used.
    """

    def __init__(self, space: SpaceSpec, make: MakeSampler, seed: int | None) -> None:
        self._space = space
        self._make = make
        self._seed = seed
        self.draw: int | None = None
        self._inner = make(seed)

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Makes the inner sampler of this trial."""
        if self._seed is not None:
            draw = trial.number if self.draw is None else self.draw
            self._inner = self._make(int(np.random.SeedSequence((self._seed, draw)).generate_state(1)[0]))
        self._inner.before_trial(study, trial)

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Calls the inner sampler."""
        return self._inner.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Samples with the inner sampler and snaps the result."""
        return snap(self._space, self._inner.sample_relative(study, trial, search_space))

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Samples one parameter with the inner sampler and snaps it, given the earlier ones."""
        value = self._inner.sample_independent(study, trial, param_name, param_distribution)
        return snap(self._space, {**trial.params, param_name: value})[param_name]

    def after_trial(self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None) -> None:
        """Calls the inner sampler."""
        self._inner.after_trial(study, trial, state, values)

    def reseed_rng(self) -> None:
        """Calls the inner sampler."""
        self._inner.reseed_rng()
