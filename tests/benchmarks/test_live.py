"""The live comparison: turns, resumption, winners and its table, without training."""

import json
from pathlib import Path
from typing import Any

import bench_live
import optuna
import pytest
from bench_live import Entrant, enter, plain_winners, report, turns, zoo_winners
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from runs import Run


def entrant(name: str, repeats: int, seen: list[str] | None = None) -> Entrant:
    def run(folder: Path, seed: int, limit: float) -> Run:
        assert list(folder.iterdir()) == []  # nothing of a run that was broken off
        (folder / "database").touch()
        if seen is not None:
            seen.append(f"{name} {seed} {limit:g}")
        return Run(seconds=60.0, training=1, evaluation=1, finished=7, pruned=2, cut_off=False)

    return Entrant(name=name, minutes=2.0, repeats=repeats, run=run, winners=lambda _: {"leader": {"gamma": 0.9}})


def best_of(path: Path, name: str, params: dict[str, Any], distributions: dict[str, Any]) -> None:
    study = optuna.create_study(storage=f"sqlite:///{path}", study_name=name, direction="maximize")
    study.add_trial(optuna.trial.create_trial(params=params, distributions=distributions, value=1.0))


def test_entrants_take_turns() -> None:
    order = [(one.name, repeat) for one, repeat in turns([entrant("a", 2), entrant("b", 1)])]
    assert order == [("a", 0), ("b", 0), ("a", 1)]


def test_a_finished_run_is_kept_and_a_broken_off_one_begins_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_live, "judged", lambda winners: {rule: [0.5, 1.0] for rule in winners})
    seen: list[str] = []
    (tmp_path / "a-b-0" / "logs").mkdir(parents=True)
    (tmp_path / "a-b-0" / "logs" / "half").touch()
    for _ in range(2):
        enter(entrant("a b", 1, seen), 0, tmp_path)
    assert seen == ["a b 0 120"]
    assert json.loads((tmp_path / "a-b-0" / "result.json").read_text())["success"] == {"leader": [0.5, 1.0]}


def test_the_table_has_means_over_the_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    success = iter([[0.5, 0.7], [0.8, 1.0]])
    monkeypatch.setattr(bench_live, "judged", lambda winners: dict.fromkeys(winners, next(success)))
    one = entrant("a", 2)
    for repeat in range(2):
        enter(one, repeat, tmp_path)
    (row,) = report([one, entrant("b", 1)], tmp_path)
    assert (row["runs"], row["trials"], row["mean success by run"]) == ("2", "7", "60 90")
    assert row["mean"].startswith("75.0% [")


def test_the_plain_scripts_winner(tmp_path: Path) -> None:
    params = {"n_steps_power": 9, "batch_size_power": 5, "clip_range": 0.2}
    powers = IntDistribution(5, 13)
    distributions = {
        "n_steps_power": powers,
        "batch_size_power": powers,
        "clip_range": FloatDistribution(0.1, 0.3),
    }
    best_of(tmp_path / "plain.db", "plain", params, distributions)
    assert plain_winners(tmp_path)["best trial"] == {"n_steps": 512, "batch_size": 32, "clip_range": 0.2, "gamma": 0.95}


def test_rl_zoo3s_winner(tmp_path: Path) -> None:
    params = {
        "batch_size_pow": 6,
        "n_steps_pow": 11,
        "one_minus_gamma": 0.02,
        "one_minus_gae_lambda": 0.05,
        "net_arch": "tiny",
        "activation_fn": "relu",
    }
    distributions = {
        "batch_size_pow": IntDistribution(2, 10),
        "n_steps_pow": IntDistribution(5, 12),
        "one_minus_gamma": FloatDistribution(0.0001, 0.03),
        "one_minus_gae_lambda": FloatDistribution(0.0001, 0.1),
        "net_arch": CategoricalDistribution(["tiny", "small"]),
        "activation_fn": CategoricalDistribution(["tanh", "relu"]),
    }
    best_of(tmp_path / "zoo.db", "zoo", params, distributions)
    assert zoo_winners(tmp_path)["best trial"] == {
        "gamma": pytest.approx(0.98),
        "gae_lambda": pytest.approx(0.95),
        "batch_size": 64,
        "n_steps": 2048,
        "net_arch": {"pi": [64], "vf": [64]},
        "activation_fn": "relu",
    }
