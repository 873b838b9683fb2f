"""Other optimisers on the same tables, each by its own rule: what it proposes, stops, repeats and takes for the best.

Every rule is read from the named project's source. They see the table's evaluations, which are means over many
episodes; where a project evaluates on fewer by default (rl_zoo3: five), its own figures would be noisier.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import optuna
from optuna import Study, Trial
from optuna.distributions import FloatDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.pruners import BasePruner, MedianPruner, NopPruner
from optuna.samplers import BaseSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState

from replay.replayed_study import HIGH, LOW, NAMES, Outcome, RowSampler, nearest
from replay.tables import Table
from tuner.record_type import Record


class Ended(Record):
    """A trial that has ended."""

    row: int
    value: float
    cost: float  # of the study when it ended, in full runs


class Peer(Record):
    """An optimiser."""

    sampler: Callable[[int], BaseSampler] | None  # None: the table's rows in random order
    pruner: Callable[[int], BasePruner]  # by the number of checkpoints
    seeds: int = 1  # of every trial; the pruner is asked after each seed where there are several
    stopped_count: bool = False  # whether a trial that was stopped can be the best


class AshaPruner(BasePruner):
    """Asynchronous successive halving as Ray Tune 2 has it: one bracket, rungs at 1, 4, 16 ... checkpoints.

    A trial that reaches a rung stops there if it is under the best quarter of those that reached it before.
    """

    def __init__(self, checkpoints: int) -> None:
        self._rungs: dict[int, dict[int, float]] = {}
        milestone = 1
        while milestone < checkpoints:
            self._rungs[milestone] = {}
            milestone *= 4

    def prune(self, study: Study, trial: FrozenTrial) -> bool:  # noqa: ARG002
        """Whether the trial stops at its last report."""
        step = trial.last_step
        rung = self._rungs.get(-1 if step is None else step)
        if step is None or rung is None:
            return False
        value = trial.intermediate_values[step]
        cutoff = np.percentile(list(rung.values()), 75) if rung else -np.inf
        rung[trial.number] = value
        return bool(value < cutoff)


PEERS = {
    "random": Peer(sampler=None, pruner=lambda _: NopPruner()),
    "Optuna": Peer(sampler=lambda seed: TPESampler(seed=seed), pruner=lambda _: MedianPruner()),
    "rl_zoo3": Peer(  # exp_manager.py and train.py: ten start-up trials, warm-up of a third
        sampler=lambda seed: TPESampler(n_startup_trials=10, seed=seed, multivariate=True),
        pruner=lambda checkpoints: MedianPruner(n_startup_trials=10, n_warmup_steps=checkpoints // 3),
    ),
    "CleanRL": Peer(  # cleanrl_utils/tuner.py and its documentation's example
        sampler=lambda seed: TPESampler(seed=seed), pruner=lambda _: MedianPruner(n_startup_trials=5), seeds=3
    ),
    "ASHA": Peer(sampler=None, pruner=AshaPruner, stopped_count=True),
}


class TableTrials:
    """A study over a table; counts what it costs."""

    def __init__(self, table: Table, generator: np.random.Generator) -> None:
        self.used: dict[int, set[int]] = {}
        self.checkpoints: int = table.values.shape[2]
        self._table = table
        self._generator = generator
        self._evaluations = 0

    @property
    def cost(self) -> float:
        """In full runs."""
        return self._evaluations / self.checkpoints

    def curve(self, row: int) -> Iterator[float]:
        """A run's evaluations, with a seed that the configuration was not trained with; each one costs."""
        used = self.used.setdefault(row, set())
        count = self._table.values.shape[1]
        free = [seed for seed in range(count) if seed not in used] or list(range(count))
        seed = int(self._generator.choice(free))
        used.add(seed)
        for value in self._table.values[row, seed]:
            self._evaluations += 1
            yield float(value)


def run_peer(table: Table, peer: Peer, costs: Sequence[float], seed: int) -> list[Outcome]:
    """One study as long as the last of the costs; what it would have come to at each of them."""
    generator = np.random.default_rng(seed)
    trials, ended = TableTrials(table, generator), list[Ended]()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)  # multivariate TPE, since Optuna 2.2
        sampler = peer.sampler(seed) if peer.sampler else RowSampler(table, generator)
    study = optuna.create_study(direction="maximize", sampler=sampler, pruner=peer.pruner(table.values.shape[2]))
    names = NAMES[: table.points.shape[1]]
    while trials.cost < costs[-1]:
        trial = study.ask({name: FloatDistribution(LOW, HIGH) for name in names})
        row = nearest(table, trial.params)
        value, whole = _run(trial, row, peer, trials)
        study.tell(trial, value if whole else None, state=None if whole else TrialState.PRUNED)
        if whole or peer.stopped_count:
            ended.append(Ended(row=row, value=value, cost=trials.cost))
    return [_outcome(table, ended, trials.used, cost) for cost in costs]


def _run(trial: Trial, row: int, peer: Peer, trials: TableTrials) -> tuple[float, bool]:
    """The trial's value, and whether it ran to its end."""
    if peer.seeds == 1:
        value = 0.0
        for step, value in enumerate(trials.curve(row), start=1):
            trial.report(value, step)
            if step < trials.checkpoints and trial.should_prune():
                return value, False
        return value, True
    values = []
    for place in range(peer.seeds):
        values.append(list(trials.curve(row))[-1])
        trial.report(values[-1], place)
        if trial.should_prune():
            return values[-1], False
    return float(np.mean(values)), True


def _outcome(table: Table, ended: Sequence[Ended], used: dict[int, set[int]], cost: float) -> Outcome:
    """The best of the trials that had ended at this cost, judged on seeds that it was not trained with to the end."""
    there = [one for one in ended if one.cost <= cost] or list(ended[:1])
    best = max(there, key=lambda one: one.value)
    return Outcome.judged(table, best.row, used[best.row], cost, len(there))
