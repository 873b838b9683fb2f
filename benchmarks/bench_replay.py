"""What finals, samplers and pruners are worth: whole studies replayed on tables of learning curves.

    python benchmarks/bench_replay.py TABLES.npz [--repeats 100] [--costs 16,32,64,110] [--rules off,auto,0.25]

Every study runs through the product's own coordinator, sampler, pruner, finals and leader. Only training is replaced,
by a table with many configurations, each trained with several seeds. Figures are the mean regret of the leader at the
end, (best - leader) / (best - median), on seeds that took no part in choosing it, at equal mean cost in full runs, with
a 95 % bootstrap interval over the repeats. `--check` compares with the figures in the tables' README.
"""

import argparse
import itertools
import json
from collections.abc import Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import optuna
from numpy.typing import NDArray
from replay.peers import PEERS, run_peer
from replay.replayed_study import Outcome, Setting, run_study
from replay.smac_peer import run_smac
from replay.tables import Table, load_tables

from tuner.record_type import Record

KNOWN = {
    16: 0.334,
    32: 0.242,
    64: 0.163,
}  # trials: regret of random proposals, one shared seed, argmax of the last value
CALIBRATION = 8  # repeats that find the number of trials of a cost
RESAMPLES = 2000


def outcomes(pool: Executor, tables: Sequence[Table], setting: Setting, repeats: int) -> list[list[Outcome]]:
    """The outcomes of so many studies on each table; the same seeds in every setting."""
    tasks = [(table, setting, seed) for table in tables for seed in range(repeats)]
    found = list(pool.map(_run, tasks, chunksize=8))
    return [found[place * repeats : (place + 1) * repeats] for place in range(len(tables))]


def peer_outcomes(
    pool: Executor, tables: Sequence[Table], name: str, costs: Sequence[float], repeats: int
) -> list[list[list[Outcome]]]:
    """The outcomes of another optimiser at each cost, on each table."""
    tasks = [(table, name, costs, seed) for table in tables for seed in range(repeats)]
    found = list(pool.map(_run_peer, tasks, chunksize=4))
    return [
        [[one[place] for one in found[k * repeats : (k + 1) * repeats]] for k in range(len(tables))]
        for place in range(len(costs))
    ]


def _run_peer(task: tuple[Table, str, Sequence[float], int]) -> list[Outcome]:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    table, name, costs, seed = task
    return run_smac(table, costs, seed) if name == "SMAC3" else run_peer(table, PEERS[name], costs, seed)


def _run(task: tuple[Table, Setting, int]) -> Outcome:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return run_study(*task)


def trials_for(pool: Executor, tables: Sequence[Table], setting: Setting, cost: float) -> int:
    """The number of trials that costs about so many full runs."""
    trials = round(1.5 * cost)
    for _ in range(3):
        found = outcomes(pool, tables, replace(setting, trials=trials), CALIBRATION)
        mean = float(np.mean([one.cost for each in found for one in each]))
        trials = max(2, round(trials * cost / mean))
    return trials


def interval(regrets: NDArray[np.float64]) -> tuple[float, float]:
    """The bootstrap interval of the mean over the tasks, resampled over the repeats of each."""
    generator = np.random.default_rng(0)
    places = generator.integers(regrets.shape[1], size=(RESAMPLES, *regrets.shape))
    means = np.take_along_axis(regrets[None], places, axis=2).mean(axis=(1, 2))
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


class Figures(Record):
    """The figures of one setting, or of another optimiser."""

    setting: Setting | str
    cost: float  # in full runs, mean
    regret: float  # mean over tasks and repeats
    low: float  # 95 % interval of the regret
    high: float
    by_task: dict[str, float]
    successes: dict[str, float | None]  # mean success rate of the leaders, by task

    @property
    def words(self) -> str:
        """As a line."""
        regret = f"regret {self.regret:.3f} [{self.low:.3f}, {self.high:.3f}]"
        succeeded = "".join(f"  success {one:.1%}" for one in self.successes.values() if one is not None)
        return f"{self.title:40}  cost {self.cost:6.1f}  {regret}{succeeded}"

    @property
    def title(self) -> str:
        """What ran."""
        one = self.setting
        if isinstance(one, str):
            return one
        pruner = one.pruner if one.warmup is None else f"{one.pruner} {one.warmup:g}"
        return f"{one.sampler:>6} {pruner:>10} finals {one.finals!s:>4} {one.trials:>4} trials"


def figures(setting: Setting | str, found: Sequence[Sequence[Outcome]], tables: Sequence[Table]) -> Figures:
    """The figures of the outcomes on each table."""
    values = {table.name: [one.value for one in each] for table, each in zip(tables, found, strict=True)}
    regrets = np.array([[table.regret(one) for one in values[table.name]] for table in tables])
    low, high = interval(regrets)
    return Figures(
        setting=setting,
        cost=float(np.mean([one.cost for each in found for one in each])),
        regret=float(regrets.mean()),
        low=low,
        high=high,
        by_task=dict(zip(values, regrets.mean(axis=1).tolist(), strict=True)),
        successes={table.name: _mean_success(each) for table, each in zip(tables, found, strict=True)},
    )


def _mean_success(found: Sequence[Outcome]) -> float | None:
    known = [one.success for one in found if one.success is not None]
    return float(np.mean(known)) if known else None


def check(pool: Executor, tables: Sequence[Table], repeats: int) -> bool:
    """Whether the figures of the tables' README come out within 0.02."""
    fine = True
    for trials, known in KNOWN.items():
        setting = Setting(trials=trials, pruner="none", finals=0.0, last=True, shared_seed=True)
        regret = figures(setting, outcomes(pool, tables, setting, repeats), tables).regret
        fine = fine and abs(regret - known) <= 0.02
        print(f"{trials} trials: regret {regret:.3f}, in the tables' README {known:.3f}", flush=True)
    return fine


def main() -> None:
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", type=Path)
    parser.add_argument("--repeats", type=int, default=100, help="studies of each task (default 100)")
    parser.add_argument("--costs", default="16,32,64,110", help="in full runs")
    parser.add_argument("--trials", default="", help="numbers of trials, in place of costs")
    parser.add_argument("--rules", default="off,auto", help="shares of finals: off, auto, 0.25 ...")
    parser.add_argument("--samplers", default="table", help="table (its rows in random order), random, tpe, qmc")
    parser.add_argument("--pruners", default="median", help="median, halving, none")
    parser.add_argument("--warmups", default="", help="of the median rule, shares of the steps, such as 0.3,0.4")
    parser.add_argument("--peers", default="", help=f"other optimisers instead: {', '.join(PEERS)}, SMAC3")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--check", action="store_true", help="compare with the figures in the tables' README, then end")
    parser.add_argument("--json", type=Path, help="write the rows to this file")
    options = parser.parse_args()
    tables, rows = load_tables(options.tables), []
    for table in tables:
        if table.successes is not None:
            means = table.successes.mean(axis=1)
            best, middle = means[table.truth.argmax()], np.median(means)
            print(f"{table.name}: success of the best {best:.1%}, median {middle:.1%}", flush=True)
    with ProcessPoolExecutor(options.workers) as pool:
        if options.check:
            raise SystemExit(0 if check(pool, tables, options.repeats) else 1)
        costs = [float(cost) for cost in options.costs.split(",")]
        for name in options.peers.split(",") if options.peers else ():
            found = peer_outcomes(pool, tables, name, costs, options.repeats)
            rows += [figures(name, each, tables) for each in found]
            print(*(one.words for one in rows[-len(costs) :]), sep="\n", flush=True)
        lists = (options.samplers, options.pruners, options.warmups, options.rules)
        sizes = [int(trials) for trials in options.trials.split(",")] if options.trials else costs
        product = itertools.product(sizes, *(each.split(",") for each in lists))
        for size, sampler, pruner, warmup, rule in () if options.peers else product:
            share = rule if rule == "auto" else 0.0 if rule == "off" else float(rule)
            early = float(warmup) if warmup else None
            setting = Setting(trials=2, sampler=sampler, pruner=pruner, finals=share, warmup=early)
            trials = size if options.trials else trials_for(pool, tables, setting, size)
            setting = replace(setting, trials=trials)
            rows.append(figures(setting, outcomes(pool, tables, setting, options.repeats), tables))
            print(rows[-1].words, flush=True)
    if options.json:
        options.json.write_text(json.dumps([asdict(one) for one in rows], indent=1) + "\n")


if __name__ == "__main__":
    main()
