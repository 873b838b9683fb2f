"""Whether fused PPO learns as well as Stable-Baselines3's: mean success rate on reach over many training seeds each.

One configuration with the same training seeds on both sides, each run evaluated at its end over 100 fixed episodes.
Both use the same vector environment; after a few updates rounding makes them diverge, so that they are two samples of
one distribution if the algorithms are the same. The result is the 90 % interval (Welch's t) of the difference in mean
success rate, and every single value.

`--choose` shows how the configuration was chosen, with SB3 only and on other seeds: the candidates' mean and standard
deviation between seeds. A configuration that varies little is the most informative.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pairs import parser, positive, table, write_json
from scipy import stats
from trials import train_all

from tuner.records import Checkpoint, EnvironmentRef, TrialJob

GOALS = 100
CHOSEN = "short-sighted"


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A configuration of reach and of PPO."""

    options: dict[str, Any]  # of the environment
    params: dict[str, Any]


CANDIDATES = {
    "large steps": Candidate(
        options={}, params={"learning_rate": 1e-3, "n_steps": 1024, "batch_size": 64, "gamma": 0.95}
    ),
    "short-sighted": Candidate(
        options={}, params={"learning_rate": 5e-4, "n_steps": 1024, "batch_size": 64, "gamma": 0.9}
    ),
    "50 mm": Candidate(
        options={"tolerance": 0.05},
        params={"learning_rate": 5e-4, "n_steps": 1024, "batch_size": 64, "gamma": 0.95},
    ),
}
EVALUATED_SEEDS, CHOOSING_SEEDS = 7_000_000, 8_000_000  # ranges used nowhere else


def job(number: int, trainer: str, candidate: str, seed: int, timesteps: int) -> TrialJob:
    """A training run with one evaluation at its end."""
    return TrialJob(
        number=number,
        seed=seed,
        params=CANDIDATES[candidate].params,
        environment=EnvironmentRef(id="roarm_envs:RoArmReach-v0", kwargs=CANDIDATES[candidate].options),
        algorithm="ppo",
        trainer=trainer,
        policy="MlpPolicy",
        device="cpu",
        timesteps=timesteps,
        objective="success",
        checkpoints=(Checkpoint(step=timesteps, goals=GOALS),),
    )


def run(jobs: list[TrialJob], workers: int) -> dict[int, tuple[float, float]]:
    """Success rate and seconds of every job, by its number."""
    found = train_all(jobs, workers)
    return {number: (trained.last.success or 0.0, trained.seconds) for number, trained in found.items()}


def choose(candidates: Sequence[str], seeds: int, timesteps: int, workers: int) -> list[dict[str, Any]]:
    """Results of the candidates, with SB3 only."""
    rows = []
    for name in candidates:
        jobs = [job(number, "sb3", name, CHOOSING_SEEDS + number, timesteps) for number in range(seeds)]
        rows.append({"candidate": name, **summary([value for value, _ in run(jobs, workers).values()])})
    return rows


def summary(values: list[float]) -> dict[str, Any]:
    """Mean, standard deviation and the values themselves."""
    return {"mean": statistics.fmean(values), "sd": statistics.stdev(values), "values": values}


def compare(seeds: int, timesteps: int, workers: int) -> list[dict[str, Any]]:
    """The chosen configuration, both sides alternating."""
    jobs = [
        job(2 * number + side, trainer, CHOSEN, EVALUATED_SEEDS + number, timesteps)
        for number in range(seeds)
        for side, trainer in enumerate(("sb3", "fused"))
    ]
    done = run(jobs, workers)
    sides = {
        trainer: [done[2 * number + side] for number in range(seeds)] for side, trainer in enumerate(("sb3", "fused"))
    }
    values = {trainer: [value for value, _ in rows] for trainer, rows in sides.items()}
    interval = stats.ttest_ind(values["fused"], values["sb3"], equal_var=False).confidence_interval(0.9)
    return [
        {
            "trainer": trainer,
            **summary(values[trainer]),
            "median_seconds": statistics.median(seconds for _, seconds in rows),
            "difference": statistics.fmean(values["fused"]) - statistics.fmean(values["sb3"]),
            "low_90": float(interval.low),
            "high_90": float(interval.high),
        }
        for trainer, rows in sides.items()
    ]


def main() -> None:
    """Chooses or compares."""
    arguments = parser(__doc__)
    arguments.add_argument(
        "--choose", nargs="*", choices=CANDIDATES, metavar="NAME", help="instead: only SB3, on some or all candidates"
    )
    arguments.add_argument("--seeds", type=positive, metavar="N", help="per side (default 40; 4 with --choose)")
    arguments.add_argument("--timesteps", type=positive, default=49_152, metavar="T", help="default: %(default)s")
    arguments.add_argument("--workers", type=positive, default=2, metavar="W", help="default: %(default)s")
    options = arguments.parse_args()
    choosing = options.choose is not None
    seeds = options.seeds or (2 if options.quick else 4 if choosing else 40)
    timesteps = 4096 if options.quick else options.timesteps
    if choosing:
        results = choose(options.choose or list(CANDIDATES), seeds, timesteps, options.workers)
    else:
        results = compare(seeds, timesteps, options.workers)
    print(table([{key: value for key, value in row.items() if key != "values"} for row in results]))
    for row in results:
        print(row.get("trainer", row.get("candidate")), *(f"{value:.2f}" for value in row["values"]))
    if options.json:
        write_json(options.json, results)


if __name__ == "__main__":
    main()
