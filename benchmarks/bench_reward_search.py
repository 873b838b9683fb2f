"""Searching the reward's weights with PPO's five parameters, against the five alone, at the same number of trials.

    python benchmarks/bench_reward_search.py FOLDER [--trials 60] [--seed 0]

Runs `tuner run reach` and `tuner run reach_reward`, then trains both leaders on ten fresh seeds at full length, each
with the reward that its trial had, and evaluates success at every checkpoint on fresh goals. `area` is the mean
success over a run's checkpoints: how fast it learns. FOLDER keeps both runs; the same command continues.
"""

import argparse
import json
import statistics
from pathlib import Path
from typing import Any

from bench_live import FRESH, SEEDS, UNLIMITED
from pairs import table
from runs import run_packaged
from trials import fresh_job, train_all

from tuner.app.resolve import open_study
from tuner.records import Checkpoint
from tuner.study.rows import best

GOALS = 50  # of every checkpoint
STUDIES = ("reach", "reach_reward")


def searched(name: str, folder: Path, options: list[str]) -> dict[str, Any]:
    """A study's leader, and its ten fresh runs: their success at every checkpoint."""
    folder.mkdir(parents=True, exist_ok=True)
    run = run_packaged(folder, name, limit=60 * UNLIMITED, options=options)
    reader = open_study(name, f"sqlite:///{folder}/study.db")
    leader = best(reader.rows)
    assert leader is not None, f"{name}: no trial was completed"  # noqa: S101 - of this script alone
    plan = [Checkpoint(step=one.step, goals=GOALS) for one in reader.spec.plan()]
    jobs = [fresh_job(reader.spec, leader.arguments, seed, FRESH + seed, plan) for seed in range(SEEDS)]
    done = train_all(jobs, 2)
    curves = [[one.success or 0.0 for one in done[number].evaluations] for number in sorted(done)]
    return {"finished": run.finished, "label": leader.label, "arguments": leader.arguments, "curves": curves}


def report(found: dict[str, dict[str, Any]]) -> list[dict[str, str]]:
    """A row for each study."""
    return [
        {
            "study": name,
            "leader": one["label"],
            "success": _spread([curve[-1] for curve in one["curves"]]),
            "area": _spread([statistics.fmean(curve) for curve in one["curves"]]),
        }
        for name, one in found.items()
    ]


def _spread(values: list[float]) -> str:
    return f"{statistics.fmean(values):.0%} ({min(values):.0%} … {max(values):.0%})"


def main() -> None:
    """Runs what is missing, and prints the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--trials", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    options = ["--trials", str(asked.trials), "--seed", str(asked.seed)]
    found = {}
    for name in STUDIES:
        result = asked.folder.resolve() / f"{name}.json"
        if not result.is_file():
            found_here = searched(name, asked.folder.resolve() / name, options)
            result.write_text(json.dumps(found_here, indent=1) + "\n")
        found[name] = json.loads(result.read_text())
        print(json.dumps(found[name]["arguments"]), flush=True)
    print(table(report(found)))


if __name__ == "__main__":
    main()
