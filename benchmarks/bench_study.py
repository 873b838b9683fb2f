"""A study with `tuner run` against the same with rl_zoo3's optimiser, both on two processes, alternating.

rl_zoo3 runs as its maintainers advise for parallel optimisation: the same command in two processes, one `--storage` and
`--study-name`. Its environment is the registered RoArmReach-v0 with plain SB3. Each side's time is from the start of
its processes to their end, imports included; one thread per process; the same environment steps per trial.

`unpruned`: pruning off on both sides, the same PPO configurations (drawn from the space ppo_guide) in the same order.
`defaults`: each side's defaults, with its own space, sampler (TPE) and median pruner. In both parts each side has its
own evaluations: rl_zoo3's, of 5 episodes every 100 000 steps and at the end, and those of the study `reach`.

Steps are counted (`counted.py`): for rl_zoo3, every step of the vector environments that it makes, training and
evaluation separately; for tuner, the steps in its workers' outcomes and, for evaluations, the number of evaluation
episodes times their mean length. Finished trials are those completed or pruned in the databases.
`steps/s` is training and evaluation together, `training/s` training alone, over the same whole time: tuner evaluates
far more, and evaluation steps are cheaper than training steps, so that the ratio of `training/s` favours rl_zoo3.
"""

import argparse
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from pairs import alternate, parser, positive, spread, table, write_json
from runs import CURRENT, ENVIRONMENT, Run, run_tuner, run_zoo

UNIT = 8192  # the largest rollout of ppo_guide


def configurations(count: int, seed: int = 0) -> list[dict[str, Any]]:
    """PPO arguments drawn from the space ppo_guide, the current ones first."""
    rng = np.random.default_rng(seed)
    drawn = [
        {
            **CURRENT,
            "learning_rate": float(10 ** rng.uniform(-5, -3)),
            "n_steps": int(2 ** rng.integers(9, 14)),
            "batch_size": int(2 ** rng.integers(5, 9)),
            "clip_range": float(rng.uniform(0.1, 0.3)),
            "ent_coef": float(rng.uniform(0.0, 0.01)),
        }
        for _ in range(count - 1)
    ]
    return [dict(CURRENT), *drawn]


def study(timesteps: int, trials: int, given: list[dict[str, Any]] | None) -> dict[str, Any]:
    """The study `reach` with another budget; `given` configurations run as baselines, the default study has two."""
    values: dict[str, Any] = {
        "environment": {"id": f"roarm_envs:{ENVIRONMENT}"},
        "space": "ppo_guide",
        "timesteps": timesteps,
        "trials": trials,
    }
    if given is not None:
        return {**values, "pruner": "none", "baselines": {f"given{index}": one for index, one in enumerate(given)}}
    return values


def contestants(part: str, options: argparse.Namespace) -> dict[str, Callable[[Path], Run]]:
    """The contestants of a part, by name."""
    trials, timesteps, limit = options.trials, options.timesteps, options.limit
    given = configurations(trials) if part == "unpruned" else None
    zoo_options = ["--pruner", "none"] if part == "unpruned" else []
    return {
        "tuner": lambda folder: run_tuner(folder, [study(timesteps, trials, given)], workers=2, limit=limit),
        "rl_zoo3": lambda folder: run_zoo(
            folder, trials=trials, timesteps=timesteps, limit=limit, configurations=given, options=zoo_options
        ),
    }


def compare(part: str, options: argparse.Namespace) -> list[dict[str, Any]]:
    """One row per contestant."""
    runs: dict[str, list[Run]] = {}

    def run(name: str, contestant: Callable[[Path], Run]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            runs.setdefault(name, []).append(contestant(Path(folder)))

    named = contestants(part, options)
    alternate(
        {name: (lambda name=name, one=one: run(name, one)) for name, one in named.items()},  # type: ignore[misc]
        options.rounds,
        warm_up=False,  # start-up is part of each run
    )
    both = [*zip(runs["tuner"], runs["rl_zoo3"], strict=True)]
    ratios = {
        "steps/s": spread([ours.speed / theirs.speed for ours, theirs in both]),
        "training/s": spread([ours.training_speed / theirs.training_speed for ours, theirs in both]),
    }
    if all(theirs.finished for _, theirs in both):
        ratios["trials/h"] = spread([ours.trials_an_hour / theirs.trials_an_hour for ours, theirs in both])
    rows = [
        {
            "part": part,
            "who": name,
            "steps/s": spread([run.speed for run in done]).median,
            "training/s": spread([run.training_speed for run in done]).median,
            "trials/h": spread([run.trials_an_hour for run in done]).median,
            "seconds": spread([run.seconds for run in done]).median,
            "training steps": sum(run.training for run in done),
            "evaluation steps": sum(run.evaluation for run in done),
            "finished": sum(run.finished for run in done),
            "pruned": sum(run.pruned for run in done),
            "cut off": sum(run.cut_off for run in done),
        }
        for name, done in runs.items()
    ]
    print(table(rows))
    for what, ratio in ratios.items():
        print(f"{what}, tuner over rl_zoo3: median {ratio.median:.2f}, {ratio.min:.2f} to {ratio.max:.2f}")
    print(flush=True)
    return [{**row, "ratios": {what: asdict(ratio) for what, ratio in ratios.items()}} for row in rows]


def main() -> None:
    """Measures both parts."""
    made = parser(__doc__, rounds=2)
    made.add_argument("--part", choices=("unpruned", "defaults", "both"), default="both", help="what to compare")
    made.add_argument("--trials", type=positive, default=8, help="trials per run (default 8)")
    made.add_argument("--timesteps", type=positive, default=3 * UNIT, help="steps per trial (default 24,576)")
    made.add_argument("--limit", type=float, default=400.0, help="seconds after which a run is cut off (default 400)")
    options = made.parse_args()
    if options.timesteps % UNIT:
        made.error(f"--timesteps {options.timesteps} is no multiple of the largest rollout, {UNIT}")
    if options.quick:
        options.trials, options.timesteps, options.rounds, options.limit = 2, UNIT, 1, 60.0
    parts = ("unpruned", "defaults") if options.part == "both" else (options.part,)
    results = [row for part in parts for row in compare(part, options)]
    if options.json:
        write_json(options.json, results)


if __name__ == "__main__":
    main()
