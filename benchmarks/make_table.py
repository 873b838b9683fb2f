"""Makes a table of learning curves for `bench_replay.py`: Sobol points of a space, each trained with several seeds.

    python benchmarks/make_table.py reach benchmarks/tables/reach_ppo_guide.npz [--space ppo_guide] [--minutes 60]

Every run is a trial of the study at its full length. The file is written every few runs; the same command resumes.
Seeds come one after another, so that an unfinished table has the first seeds of all configurations.
"""

import argparse
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from numpy.typing import NDArray

from tuner.config.load import find, load_study
from tuner.config.model import StudySpec
from tuner.config.space import job_arguments
from tuner.records import Decision, Evaluation, TrialJob
from tuner.study.samplers import distributions, make_sampler

SOBOL_SEED = 0
FIRST_SEED = 15_000_000  # of training: of no other use
BATCH = 8  # runs between two writes of the file


def configurations(spec: StudySpec, count: int) -> list[dict[str, Any]]:
    """The first Sobol points of the study's space."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=make_sampler("qmc", spec.space, SOBOL_SEED, SOBOL_SEED))
    found = []
    for _ in range(count):
        trial = study.ask(fixed_distributions=distributions(spec.space))
        study.tell(trial, 0.0)
        found.append(dict(trial.params))
    return found


def curve(job: TrialJob) -> list[tuple[float, float, float]]:
    """Score, success and seconds at every checkpoint; the run's own process has one thread."""
    import torch

    from tuner.trial import run_trial

    torch.set_num_threads(1)
    seen: list[Evaluation] = []

    def report(evaluation: Evaluation) -> Decision:
        seen.append(evaluation)
        return Decision(go_on=True)

    run_trial(job, report)
    return [(one.score, np.nan if one.success is None else one.success, one.seconds) for one in seen]


class TableFile:
    """The file, as it is so far."""

    def __init__(self, path: Path, points: NDArray[np.float64], names: list[str], seeds: int, steps: list[int]) -> None:
        """Reads what there is; NaN stands for runs that are missing."""
        self.path = path
        self._task = path.stem
        self._fixed = {f"config_{path.stem}": points, "hyperparameters": np.array(names), "steps": np.array(steps)}
        shape = (len(points), seeds, len(steps), 3)
        self.runs = np.full(shape, np.nan, dtype=np.float32)
        if path.is_file():
            with np.load(path) as data:
                parts = [data[f"{name}_{path.stem}"] for name in ("return", "success", "seconds")]
            there = np.stack(parts, axis=-1)
            self.runs[: there.shape[0], : there.shape[1]] = there

    def missing(self) -> Iterator[tuple[int, int]]:
        """Configuration and seed of the runs that are missing, seed by seed."""
        count, seeds = self.runs.shape[:2]
        for seed in range(seeds):
            yield from ((row, seed) for row in range(count) if np.isnan(self.runs[row, seed, -1, 0]))

    def write(self) -> None:
        """Writes the file anew."""
        arrays = {f"{name}_{self._task}": self.runs[..., k] for k, name in enumerate(("return", "success", "seconds"))}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        target = self.path.with_suffix(".part.npz")
        np.savez_compressed(target, **arrays, **self._fixed)  # type: ignore[arg-type]
        target.replace(self.path)


def main() -> None:
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study")
    parser.add_argument("output", type=Path)
    parser.add_argument("--space", help="another space than the study's")
    parser.add_argument("--configurations", type=int, default=96)
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="end after so many")
    options = parser.parse_args()
    changes = {"space": options.space} if options.space else {}
    spec = load_study(find("studies", options.study), changes=changes)
    found = configurations(spec, options.configurations)
    names = list(spec.space.parameters)
    points = np.array([[one[name] for name in names] for one in found], dtype=np.float64)
    steps = [checkpoint.step for checkpoint in spec.plan()]
    table = TableFile(options.output, points, names, options.seeds, steps)
    missing, begun = list(table.missing()), time.monotonic()
    jobs = [
        spec.job(number=row, seed=FIRST_SEED + seed, params=job_arguments(spec.space, found[row], {}))
        for row, seed in missing
    ]
    with ProcessPoolExecutor(options.workers) as pool:
        for done, ((row, seed), values) in enumerate(zip(missing, pool.map(curve, jobs), strict=True), start=1):
            table.runs[row, seed, : len(values)] = values
            table.runs[row, seed, len(values) :] = values[-1] if values else np.nan  # diverged
            late = time.monotonic() - begun > 60 * options.minutes
            if done % BATCH == 0 or done == len(missing) or late:
                table.write()
                print(f"{len(missing) - done} of {len(missing)} runs are missing", flush=True)
            if late:
                pool.shutdown(cancel_futures=True)
                break


if __name__ == "__main__":
    main()
