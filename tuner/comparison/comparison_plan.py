"""Plans the runs of a comparison and their checkpoints, and collects their results."""

import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from tuner import seeds
from tuner.comparison.comparison_records import Contender, Point, State, TimedRun
from tuner.config.algorithms import ALGORITHMS
from tuner.config.arguments import HINDSIGHT
from tuner.config.model import StudySpec
from tuner.config.schedules import parse
from tuner.errors import EnvironmentFailed
from tuner.records import Checkpoint, Decision, Evaluation, TrialJob, TrialOutcome

POINTS = 20  # approximate number of checkpoints in a run's time
PROBE_STEPS = 256
MARGIN = 4.0  # step budget over the steps expected in the time, so that time ends the run
TIGHT = 1.25  # the same for arguments that are scheduled over the step budget


def rollout(arm: Contender, n_envs: int) -> int:
    """Environment steps between two updates."""
    name = ALGORITHMS[arm.algorithm].rollout
    return int(arm.params.get(name, ALGORITHMS[arm.algorithm].defaults[name])) * n_envs


def short_jobs(arms: Sequence[Contender], specs: Mapping[str, StudySpec]) -> list[TrialJob]:
    """A short run of each algorithm; the first one twice, since a first run pays for imports and first calls."""
    jobs = [short_job(arm, specs[arm.algorithm]) for arm in (arms[0], *arms)]
    return [replace(job, number=number) for number, job in enumerate(jobs)]


def short_job(arm: Contender, spec: StudySpec) -> TrialJob:
    """A run of a few seconds that measures the algorithm's steps per second while it learns."""
    unit = rollout(arm, spec.environment.n_envs)
    at_once = ALGORITHMS[arm.algorithm].off_policy and arm.params.get("replay_buffer") != HINDSIGHT
    learning = {"learning_starts": 0} if at_once else {}
    steps = math.ceil(PROBE_STEPS / unit) * unit
    return _job(arm, spec, number=-1, seed=0, timesteps=steps, checkpoints=(), params={**arm.params, **learning})


def make_jobs(
    arms: Sequence[Contender], specs: Mapping[str, StudySpec], speeds: Mapping[str, float], seconds: float, count: int
) -> list[TrialJob]:
    """The jobs, ordered seed by seed, so that an early end leaves the most to compare.

    Args:
        arms: The algorithms.
        specs: Each algorithm's study.
        speeds: Steps per second of each algorithm.
        seconds: Training time of each run.
        count: Number of seeds.
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
    """The steps of the checkpoints, multiples of the rollout."""
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


STATES: dict[str, State] = {"completed": "done", "stopped": "done", "diverged": "diverged", "failed": "failed"}


class SpeedSource:
    """Measures speeds with short parallel runs, as parallel as the comparison itself, since workers share the cores."""

    def __init__(self, jobs: Sequence[TrialJob]) -> None:
        self.speeds: dict[str, float] = {}  # steps per second by algorithm, of its last run
        self._waiting = deque(jobs)
        self._algorithms = {job.number: job.algorithm for job in jobs}

    def next_job(self) -> TrialJob | None:
        """The next run, None when all were started."""
        return self._waiting.popleft() if self._waiting else None

    def on_evaluation(self, number: int, evaluation: Evaluation) -> Decision:  # noqa: ARG002
        """Continues; short runs have no evaluations."""
        return Decision(go_on=True)

    def on_outcome(self, number: int, outcome: TrialOutcome) -> None:
        """Stores the speed of a run.

        Raises:
            EnvironmentFailed: if a run did not complete.
        """
        if outcome.state != "completed":
            raise EnvironmentFailed(f"before the first run: {self._algorithms[number]}: {outcome.reason}")
        self.speeds[self._algorithms[number]] = outcome.steps / outcome.training_seconds

    def interrupt(self) -> None:
        """Stores nothing."""


def _nothing(_: "ComparisonSource") -> None:
    """The default of `on_run`: does nothing."""


class ComparisonSource:
    """Supplies the jobs in order and collects the runs."""

    def __init__(
        self, jobs: Sequence[TrialJob], seconds: float, on_run: Callable[["ComparisonSource"], None] = _nothing
    ) -> None:
        """Stores the jobs.

        Args:
            jobs: In the order in which they are to run.
            seconds: Training time of each.
            on_run: Called with the source after every run that ended.
        """
        self.runs: list[TimedRun] = []
        self._seconds = seconds
        self._on_run = on_run
        self._waiting = deque(jobs)
        self._running: dict[int, TrialJob] = {}
        self._evaluations: dict[int, list[Evaluation]] = {}
        self._first_seed = min((job.seed for job in jobs), default=0)

    def next_job(self) -> TrialJob | None:
        """The next run, None when all were started."""
        if not self._waiting:
            return None
        job = self._waiting.popleft()
        self._running[job.number] = job
        self._evaluations[job.number] = []
        return job

    def seed(self, job: TrialJob) -> int:
        """The index of a run's seed, from 1."""
        return job.seed - self._first_seed + 1

    def on_evaluation(self, number: int, evaluation: Evaluation) -> Decision:
        """Continues until the training time is used."""
        self._evaluations[number].append(evaluation)
        return Decision(go_on=points(self._evaluations[number])[-1].seconds < self._seconds)

    def on_outcome(self, number: int, outcome: TrialOutcome) -> None:
        """Stores a run that ended."""
        self._store(number, STATES[outcome.state], outcome.reason)
        self._on_run(self)

    def interrupt(self) -> None:
        """Stores the running runs as interrupted, with their points so far."""
        for number in list(self._running):
            self._store(number, "interrupted", "")

    def _store(self, number: int, state: State, reason: str) -> None:
        job = self._running.pop(number)
        found = points(self._evaluations.pop(number))
        self.runs.append(
            TimedRun(algorithm=job.algorithm, seed=self.seed(job), state=state, reason=reason, points=found)
        )


def points(evaluations: Sequence[Evaluation]) -> tuple[Point, ...]:
    """Converts evaluations to points of a curve; their seconds exclude evaluation time."""
    found, evaluating = [], 0.0
    for evaluation in evaluations:
        evaluating += evaluation.evaluation_seconds
        found.append(
            Point(
                step=evaluation.step,
                seconds=evaluation.seconds - evaluating,
                success=evaluation.success,
                mean_return=evaluation.mean_return,
            )
        )
    return tuple(found)
