"""Replayed studies: a table in place of training."""

from pathlib import Path

import numpy as np
import optuna
import pytest
from optuna.pruners import NopPruner
from replay.peers import PEERS, AshaPruner, Peer, run_peer
from replay.replayed_study import Setting, coordinates, nearest, run_study
from replay.tables import Table, load_tables


@pytest.fixture(autouse=True)
def _quiet() -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)


@pytest.fixture
def table() -> Table:
    """Sixty configurations with ten seeds each; one in three of the good ones fails by its seed."""
    generator = np.random.default_rng(0)
    points = generator.permuted(np.tile(np.linspace(0, 1, 60), (3, 1)), axis=1).T
    worth = 1 - np.abs(points - 0.5).mean(axis=1)
    final = worth[:, None] + generator.normal(0, 0.2, (60, 10))
    return Table(name="toy", values=final[:, :, None] * np.linspace(0.1, 1, 10), points=points)


def test_a_configuration_is_nearest_to_itself(table: Table) -> None:
    assert [nearest(table, coordinates(table, row)) for row in range(60)] == list(range(60))


def test_seeds_that_are_not_complete_are_left_out(tmp_path: Path) -> None:
    returns = np.ones((4, 3, 5), dtype=np.float32)
    returns[2, 1, 3] = np.nan
    np.savez(tmp_path / "own.npz", return_own=returns, config_own=np.random.default_rng(0).random((4, 2)))
    (one,) = load_tables(tmp_path / "own.npz")
    assert one.values.shape == (4, 2, 5)


def test_a_study_costs_what_its_trials_ran(table: Table) -> None:
    whole = run_study(table, Setting(trials=30, pruner="none", finals=0.0), seed=1)
    assert whole.cost == pytest.approx(30)
    assert whole.trials == 30
    pruned = run_study(table, Setting(trials=30, finals=0.0), seed=1)
    assert pruned.trials == 30
    assert pruned.cost < 25


def test_the_same_seed_gives_the_same_study(table: Table) -> None:
    setting = Setting(trials=50, finals=0.2)
    assert run_study(table, setting, seed=4) == run_study(table, setting, seed=4)
    assert run_study(table, setting, seed=4) != run_study(table, setting, seed=5)


def test_without_noise_the_best_configuration_wins(table: Table) -> None:
    calm = Table(name="calm", values=np.repeat(table.values[:, :1], 10, axis=1), points=table.points)
    found = run_study(calm, Setting(trials=60, pruner="none", finals=0.0), seed=0)
    assert calm.regret(found.value) == pytest.approx(0)


def test_with_noise_finals_choose_better(table: Table) -> None:
    def mean(finals: float) -> float:
        setting = Setting(trials=60, pruner="none", finals=finals)
        return float(np.mean([run_study(table, setting, seed).value for seed in range(40)]))

    assert mean(0.3) > mean(0.0)


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_the_products_samplers_propose_beside_the_table(table: Table, sampler: str) -> None:
    assert run_study(table, Setting(trials=15, sampler=sampler), seed=0).trials == 15


@pytest.mark.parametrize("name", list(PEERS))
def test_another_optimiser_finds_the_best_where_there_is_no_noise(table: Table, name: str) -> None:
    calm = Table(name="calm", values=np.repeat(table.values[:, :1], 10, axis=1), points=table.points)
    early, late = run_peer(calm, PEERS[name], [5.0, 170.0], seed=0)
    assert late.trials > early.trials > 0
    assert late.value >= early.value
    assert calm.regret(late.value) < 0.6  # 1 is a median configuration


def test_three_seeds_a_trial_cost_three_runs(table: Table) -> None:
    found = run_peer(table, Peer(sampler=None, pruner=lambda _: NopPruner(), seeds=3), [30.0], seed=0)
    assert found[0].trials == 10


def test_ray_tunes_halving_stops_three_quarters_at_each_rung() -> None:
    rule, study = AshaPruner(10), optuna.create_study(direction="maximize", pruner=AshaPruner(10))
    stopped = 0
    for value in np.random.default_rng(0).permutation(400):
        trial = study.ask()
        trial.report(float(value), 1)
        stopped += rule.prune(study, study.trials[trial.number])
        study.tell(trial, state=optuna.trial.TrialState.PRUNED)
    assert 280 <= stopped <= 310
