"""Which runs a comparison is made of, and how far apart their checkpoints lie."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from tuner import seeds
from tuner.comparison.comparison_records import Contender
from tuner.config.algorithms import ALGORITHMS
from tuner.config.model import StudySpec
from tuner.config.schedules import parse
from tuner.records import Checkpoint, TrialJob

POINTS = 20  # checkpoints in the time that a run has, about
PROBE_STEPS = 256
MARGIN = 4.0  # steps that a run may make, over those expected in its time: it is the time that ends it
TIGHT = 1.25  # the same where arguments follow the progress of training, which counts steps


def rollout(arm: Contender, n_envs: int) -> int:
    """Environment steps between two updates."""
    name = ALGORITHMS[arm.algorithm].rollout
    return int(arm.params.get(name, ALGORITHMS[arm.algorithm].defaults[name])) * n_envs


def short_jobs(arms: Sequence[Contender], specs: Mapping[str, StudySpec]) -> list[TrialJob]:
    """A run of some seconds of each arm; the first one twice, since a first run pays for imports and first calls."""
    jobs = [short_job(arm, specs[arm.algorithm]) for arm in (arms[0], *arms)]
    return [replace(job, number=number) for number, job in enumerate(jobs)]


def short_job(arm: Contender, spec: StudySpec) -> TrialJob:
    """A run of some seconds that tells how many steps a second the arm makes once it learns."""
    unit = rollout(arm, spec.environment.n_envs)
    learning = {"learning_starts": 0} if ALGORITHMS[arm.algorithm].off_policy else {}
    steps = math.ceil(PROBE_STEPS / unit) * unit
    return _job(arm, spec, number=-1, seed=0, timesteps=steps, checkpoints=(), params={**arm.params, **learning})


def make_jobs(
    arms: Sequence[Contender], specs: Mapping[str, StudySpec], speeds: Mapping[str, float], seconds: float, count: int
) -> list[TrialJob]:
    """Every algorithm's first seed before any second one, so that an early end leaves the most to compare.

    Args:
        arms: The algorithms.
        specs: Each algorithm's study.
        speeds: Steps a second of each.
        seconds: Of training, for each run.
        count: Seeds.
    """
    jobs: list[TrialJob] = []
    for seed in range(count):
        for arm in arms:
            spec = specs[arm.algorithm]
            steps = _steps(arm, spec, speeds[arm.algorithm] * seconds)
            goals = spec.goals.early
            checkpoints = tuple(Checkpoint(step=step, goals=goals) for step in steps)
            number = len(jobs)
            training_seed = seeds.COMPARISON + seed
            jobs.append(
                _job(arm, spec, number=number, seed=training_seed, timesteps=steps[-1], checkpoints=checkpoints)
            )
    return jobs


def _steps(arm: Contender, spec: StudySpec, expected: float) -> list[int]:
    """The checkpoints' steps, whole rollouts apart."""
    unit = rollout(arm, spec.environment.n_envs)
    interval = max(round(expected / POINTS / unit), 1) * unit
    margin = TIGHT if _follows_progress(arm) else MARGIN
    return [interval * k for k in range(1, math.ceil(max(expected / interval, 1) * margin) + 1)]


def _follows_progress(arm: Contender) -> bool:
    return arm.algorithm == "dqn" or any(parse(value) is not None for value in arm.params.values())


def _job(
    arm: Contender,
    spec: StudySpec,
    *,
    number: int,
    seed: int,
    timesteps: int,
    checkpoints: tuple[Checkpoint, ...],
    params: Mapping[str, object] | None = None,
) -> TrialJob:
    return spec.job(
        number=number,
        seed=seed,
        params=arm.params if params is None else params,
        algorithm=arm.algorithm,
        timesteps=timesteps,
        checkpoints=checkpoints,
        first_goal=seeds.COMPARISON_GOALS,
    )
