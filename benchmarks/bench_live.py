"""Tuning the arm's study `reach` with tuner, rl_zoo3's optimiser and a plain script, at equal wall-clock time.

    python benchmarks/bench_live.py FOLDER [--repeats 3] [--minutes 15] [--long 60] [--seeds-of-200 5] [--first 0]
        [--until 120]

Every run has two processes of one thread each, one after the other, in turns (A B C …, A B C …). Each run's winner is
then trained on ten fresh seeds at the study's full length and judged on 100 fresh goals. `tuner 200` is not limited in
time: `tuner run reach --trials 200 --seed N`; of these runs the highest single score is judged beside the leader.

FOLDER keeps every run; the same command continues: `tuner 200` where it was, others anew, since their time is limited.
`--until` is in minutes: no run begins that could not end by then.
"""

import argparse
import json
import shutil
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from pairs import table
from runs import Run, run_packaged, run_script, run_zoo
from trials import fresh_job, train_all

from tuner.app.resolve import open_study
from tuner.config.load import find, load_study
from tuner.record_type import Record
from tuner.records import Checkpoint
from tuner.study.rows import best

STEPS = 98_304
FRESH = 1000  # index of the first test seed of the judgement, which no confirmation reaches
SEEDS, GOALS = 10, 100
JUDGED = 4.0  # minutes for the judgement, at most
ENDLESS = 100_000  # trials
UNLIMITED = 1440.0  # minutes of a run that ends by itself

Arguments = dict[str, Any]


class Entrant(Record):
    """What runs."""

    name: str
    minutes: float | None  # None: to its own end
    repeats: int
    run: Callable[[Path, int, float], Run]  # in a folder, with a seed and a limit in seconds
    winners: Callable[[Path], dict[str, Arguments]]  # PPO's arguments, by the rule that chose them


def tuner_winners(folder: Path) -> dict[str, Arguments]:
    """The leader, and the completed trial with the highest score."""
    rows = open_study("reach", f"sqlite:///{folder}/study.db").rows
    leader, searched = best(rows), [row for row in rows if row.repeat_of is None]
    values = [-np.inf if row.value is None else row.value for row in searched]
    single = searched[int(np.argmax(values))]
    return {"leader": leader.arguments, "highest score": single.arguments} if leader else {}


def plain_winners(folder: Path) -> dict[str, Arguments]:
    """Optuna's best trial."""
    params = _best(folder / "plain.db", "plain")
    powers = {f"{name}_power" for name in ("n_steps", "batch_size")}
    rest = {name: value for name, value in params.items() if name not in powers}
    return {"best trial": {**rest, **{name[:-6]: 2 ** params[name] for name in powers}, "gamma": 0.95}}


def zoo_winners(folder: Path) -> dict[str, Arguments]:
    """Optuna's best trial, as rl_zoo3 turns it into arguments."""
    from rl_zoo3.hyperparams_opt import convert_onpolicy_params

    params = _best(folder / "zoo.db", "zoo")
    arguments = convert_onpolicy_params(params)
    net = arguments.pop("policy_kwargs")["net_arch"]
    return {"best trial": {**arguments, "net_arch": net, "activation_fn": params["activation_fn"]}}


def _best(database: Path, name: str) -> dict[str, Any]:
    return dict(optuna.load_study(storage=f"sqlite:///{database}", study_name=name).best_params)


def run_tuner(folder: Path, seed: int, limit: float, options: tuple[str, ...]) -> Run:
    """The default study; it ends by itself, the limit is for one that does not."""
    return run_packaged(folder, "reach", limit=limit + 120, options=["--seed", str(seed), *options])


def run_plain(folder: Path, _: int, limit: float) -> Run:
    """The plain script, twice."""
    optuna.create_study(storage=f"sqlite:///{folder}/plain.db", study_name="plain", direction="maximize")
    return run_script(folder, Path(__file__).with_name("plain_optuna.py"), limit=limit)


def run_zoos(folder: Path, seed: int, limit: float) -> Run:
    """rl_zoo3's optimiser, twice, with its own space, sampler, pruner and evaluations."""
    options = ["--seed", str(seed)]
    return run_zoo(folder, trials=ENDLESS, timesteps=STEPS, limit=limit, options=options)


def entrants(options: argparse.Namespace) -> list[Entrant]:
    """In the order in which they take turns."""
    short, long, repeats = options.minutes, options.long, options.repeats
    limit = ("--minutes", f"{short:g}")
    return [
        Entrant(
            name=f"tuner {short:g} min",
            minutes=short,
            repeats=repeats,
            run=lambda folder, seed, seconds: run_tuner(folder, seed, seconds, limit),
            winners=tuner_winners,
        ),
        Entrant(name=f"rl_zoo3 {short:g} min", minutes=short, repeats=repeats, run=run_zoos, winners=zoo_winners),
        Entrant(name=f"plain {short:g} min", minutes=short, repeats=repeats, run=run_plain, winners=plain_winners),
        Entrant(
            name="tuner 200",
            minutes=None,
            repeats=options.seeds_of_200,
            run=lambda folder, seed, seconds: run_tuner(folder, seed, seconds, ("--trials", "200")),
            winners=tuner_winners,
        ),
        Entrant(name=f"rl_zoo3 {long:g} min", minutes=long, repeats=repeats, run=run_zoos, winners=zoo_winners),
    ]


def turns(found: list[Entrant], first: int = 0) -> Iterator[tuple[Entrant, int]]:
    """Every run, in turns."""
    for repeat in range(first, max(one.repeats for one in found)):
        yield from ((one, repeat) for one in found if repeat < one.repeats)


def judged(winners: dict[str, Arguments]) -> dict[str, list[float]]:
    """Success on every fresh seed, by the rule that chose the winner; equal winners are trained once."""
    spec = load_study(find("studies", "reach"))
    plan = [Checkpoint(step=spec.timesteps, goals=GOALS)]
    values = list(winners.values())
    distinct = [one for place, one in enumerate(values) if one not in values[:place]]
    jobs = [
        fresh_job(spec, arguments, place * SEEDS + seed, FRESH + seed, plan)
        for place, arguments in enumerate(distinct)
        for seed in range(SEEDS)
    ]
    done = train_all(jobs, 2)
    success = [done[number].last.success or 0.0 if done[number].evaluations else 0.0 for number in sorted(done)]
    return {
        rule: success[(place := distinct.index(arguments)) * SEEDS : (place + 1) * SEEDS]
        for rule, arguments in winners.items()
    }


def enter(entrant: Entrant, repeat: int, folder: Path) -> None:
    """One run and its judgement, unless they are there."""
    target = folder / f"{entrant.name.replace(' ', '-')}-{repeat}"
    result = target / "result.json"
    if result.is_file():
        return
    begun = target / "run.json"
    if not begun.is_file():
        if entrant.minutes is not None:  # one that was broken off begins anew; a run to its own end resumes
            shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True, exist_ok=True)
        run = entrant.run(target, repeat, 60 * (entrant.minutes or UNLIMITED))
        begun.write_text(json.dumps(asdict(run)) + "\n")
    winners = entrant.winners(target)
    found = {"run": json.loads(begun.read_text()), "winners": winners, "success": judged(winners)}
    result.write_text(json.dumps(found, indent=1) + "\n")
    print(
        f"{target.name}: " + "; ".join(f"{rule} {_percent(one)}" for rule, one in found["success"].items()), flush=True
    )


def _percent(values: list[float]) -> str:
    return f"{statistics.fmean(values):.0%} ({' '.join(f'{100 * value:.0f}' for value in values)})"


def report(found: list[Entrant], folder: Path) -> list[dict[str, str]]:
    """One row for each entrant and rule, over the runs that there are."""
    rows = []
    for one in found:
        files = sorted(folder.glob(f"{one.name.replace(' ', '-')}-*/result.json"))
        results = [json.loads(file.read_text()) for file in files]
        for rule in results[0]["success"] if results else ():
            means = [statistics.fmean(result["success"][rule]) for result in results]
            low, high = _interval([result["success"][rule] for result in results])
            rows.append(
                {
                    "entrant": one.name,
                    "winner": rule,
                    "runs": str(len(results)),
                    "minutes": f"{statistics.median(result['run']['seconds'] for result in results) / 60:.1f}",
                    "trials": f"{statistics.median(result['run']['finished'] for result in results):g}",
                    "mean success by run": " ".join(f"{100 * mean:.0f}" for mean in means),
                    "mean": f"{statistics.fmean(means):.1%} [{low:.0%}, {high:.0%}]",
                }
            )
    return rows


def _interval(success: list[list[float]]) -> tuple[float, float]:
    """Of the mean over the runs, by the bootstrap: of runs, and of the seeds of each."""
    generator, values = np.random.default_rng(0), np.array(success)
    runs = generator.integers(len(values), size=(2000, len(values)))
    seeds = generator.integers(values.shape[1], size=(2000, len(values), values.shape[1]))
    means = values[runs[:, :, None], seeds].mean(axis=(1, 2))
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def main() -> None:
    """Runs what is missing while there is time, then prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--long", type=float, default=60.0, help="minutes of rl_zoo3's longer runs")
    parser.add_argument("--seeds-of-200", type=int, default=5, help="runs of 200 trials")
    parser.add_argument("--first", type=int, default=0, help="number and seed of the first run, for a second machine")
    parser.add_argument("--only", default="", help="entrants whose names begin so")
    parser.add_argument("--until", type=float, default=float("inf"), help="minutes")
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    found, begun = [one for one in entrants(options) if one.name.startswith(options.only)], time.monotonic()
    for entrant, repeat in turns(found, options.first):
        if (time.monotonic() - begun) / 60 + (entrant.minutes or 25) + JUDGED <= options.until:
            enter(entrant, repeat, options.folder.resolve())
    print(table(report(found, options.folder)))


if __name__ == "__main__":
    main()
