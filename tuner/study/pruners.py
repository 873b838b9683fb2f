"""Optuna's pruners; every trial reports at the same steps, its checkpoints."""

from optuna import Study
from optuna.pruners import BasePruner, MedianPruner, NopPruner, SuccessiveHalvingPruner
from optuna.trial import FrozenTrial

from tuner.config.model import Pruner

STARTUP_TRIALS = 5  # completed trials before the median pruner prunes
WARMUP_SHARE = 0.4  # share of the steps in which no trial is pruned
FIRST_RUNG = 0.1  # share of the steps; the next rungs at three and nine times as many
REDUCTION = 3


def make_pruner(kind: Pruner, timesteps: int) -> BasePruner:
    """The study's pruner, for trials of `timesteps` environment steps."""
    if kind == "median":
        return _median(int(WARMUP_SHARE * timesteps))
    if kind == "halving":
        return SuccessiveHalvingPruner(min_resource=max(1, int(FIRST_RUNG * timesteps)), reduction_factor=REDUCTION)
    return NopPruner()


def _median(warmup: int) -> MedianPruner:
    return MedianPruner(n_startup_trials=STARTUP_TRIALS, n_warmup_steps=warmup)


def likely_pruned(kind: Pruner, study: Study, trial: FrozenTrial) -> bool:
    """Whether the median rule would stop a running trial by now, had it no warm-up; never baselines and repeats."""
    whole = any(trial.user_attrs.get(name) is not None for name in ("role", "repeat_of"))
    return kind == "median" and not whole and bool(_median(0).prune(study, trial))
