"""SMAC3 (`pip install smac`) on the tables: its facade for hyperparameters, its intensifier's at most three seeds."""

import math
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from replay.peers import TableTrials
from replay.replayed_study import HIGH, LOW, NAMES, Outcome, nearest
from replay.tables import Table


def run_smac(table: Table, costs: Sequence[float], seed: int) -> list[Outcome]:
    """One study for each cost: every run is a full one, and the initial design depends on their number."""
    return [_study(table, math.floor(cost), seed) for cost in costs]


def _study(table: Table, runs: int, seed: int) -> Outcome:
    from ConfigSpace import ConfigurationSpace
    from smac import HyperparameterOptimizationFacade, Scenario
    from smac.runhistory.dataclasses import TrialValue

    trials = TableTrials(table, np.random.default_rng(seed))
    space = ConfigurationSpace(dict.fromkeys(NAMES[: table.points.shape[1]], (LOW, HIGH)), seed=seed)
    with tempfile.TemporaryDirectory() as folder:
        scenario = Scenario(space, n_trials=runs, seed=seed, output_directory=Path(folder))
        facade = HyperparameterOptimizationFacade(scenario, lambda config, seed: 0.0, logging_level=False)  # noqa: ARG005
        for _ in range(runs):
            asked = facade.ask()
            value = list(trials.curve(nearest(table, dict(asked.config))))[-1]
            facade.tell(asked, TrialValue(cost=-value))
        row = nearest(table, dict(facade.intensifier.get_incumbent()))
    return Outcome.judged(table, row, trials.used[row], trials.cost, runs)
