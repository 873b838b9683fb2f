"""Pruners over the checkpoints, all of which every trial reports at the same steps."""

import math
from collections import defaultdict

import numpy as np
from optuna import Study
from optuna.pruners import BasePruner, MedianPruner, NopPruner, SuccessiveHalvingPruner
from optuna.trial import FrozenTrial, TrialState

from tuner.spec.model import Pruner
from tuner.study.history import History

STARTUP_TRIALS = 5  # completed ones, before the median rule speaks
WARMUP_SHARE = 0.3  # of the steps, in which no trial is judged
FIRST_RUNG = 0.1  # of the steps; the next rungs at three and nine times as many
REDUCTION = 3


def make_pruner(kind: Pruner, timesteps: int) -> BasePruner:
    """The study's pruner, for trials of `timesteps` environment steps."""
    if kind == "median":
        return KeepingMedianPruner(STARTUP_TRIALS, int(WARMUP_SHARE * timesteps))
    if kind == "halving":
        return SuccessiveHalvingPruner(min_resource=max(1, int(FIRST_RUNG * timesteps)), reduction_factor=REDUCTION)
    return NopPruner()


class KeepingMedianPruner(MedianPruner):
    """Optuna's median rule for one study that is maximised, with the medians kept until another trial completes.

    Optuna looks through all trials and through every completed one's reports at each checkpoint of each trial.
    """

    def __init__(self, n_startup_trials: int, n_warmup_steps: int) -> None:
        super().__init__(n_startup_trials=n_startup_trials, n_warmup_steps=n_warmup_steps)
        self._history = History()
        self._completed = 0
        self._reports: dict[int, list[float]] = defaultdict(list)  # of completed trials, by step
        self._medians: dict[int, float] = {}

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        """Whether the best of a trial's reports is below the median of the others at its last step."""
        self._take_up(study.get_trials(deepcopy=False))
        step = trial.last_step
        if step is None or step < self._n_warmup_steps or self._completed < max(1, self._n_startup_trials):
            return False
        heard = [value for value in trial.intermediate_values.values() if not math.isnan(value)]
        return not heard or max(heard) < self._median(step)  # no comparison with NaN is true

    def _take_up(self, trials: list[FrozenTrial]) -> None:
        for trial in self._history.finished_since(trials):
            if trial.state == TrialState.COMPLETE:
                self._completed += 1
                for step, value in trial.intermediate_values.items():
                    self._reports[step].append(value)
                    self._medians.pop(step, None)

    def _median(self, step: int) -> float:
        if step not in self._medians:
            reports = self._reports.get(step)
            self._medians[step] = float(np.nanpercentile(np.array(reports), 50.0)) if reports else math.nan
        return self._medians[step]
