"""Optuna's pruners; every trial reports at the same steps, its checkpoints."""

from optuna.pruners import BasePruner, MedianPruner, NopPruner, SuccessiveHalvingPruner

from tuner.config.model import Pruner

STARTUP_TRIALS = 5  # completed trials before the median pruner prunes
WARMUP_SHARE = 0.4  # share of the steps in which no trial is pruned
FIRST_RUNG = 0.1  # share of the steps; the next rungs at three and nine times as many
REDUCTION = 3


def make_pruner(kind: Pruner, timesteps: int, *, warmup: float = WARMUP_SHARE) -> BasePruner:
    """The study's pruner, for trials of `timesteps` environment steps, and the median rule's `warmup` share of them."""
    if kind == "median":
        return MedianPruner(n_startup_trials=STARTUP_TRIALS, n_warmup_steps=int(warmup * timesteps))
    if kind == "halving":
        return SuccessiveHalvingPruner(min_resource=max(1, int(FIRST_RUNG * timesteps)), reduction_factor=REDUCTION)
    return NopPruner()
