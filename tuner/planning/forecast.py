"""Estimates a run before it starts (`--dry-run`): measures on this machine, writes nothing."""

from dataclasses import asdict
from typing import Any

from tuner.config.model import StudySpec
from tuner.config.searched_environment import typical_environment
from tuner.engines.base import Engine
from tuner.finals.confirmation_plan import most_runs
from tuner.planning import estimate
from tuner.planning.estimate import Corner, corners
from tuner.record_type import Record
from tuner.records import SMALL_POLICY, Checkpoint, TrialOutcome

ROW_BYTES = 11_000  # of a trial in the database, mean over 200 trials
FEW_KEPT = 6  # large models of trials that were the best when they finished
ROLLOUTS = (2, 12)  # of the two runs per corner


class CornerTime(Record):
    """The duration of a full trial at one corner of the space."""

    values: dict[str, Any]
    seconds: float


class Forecast(Record):
    """The estimate of a future run."""

    study: str
    timesteps: int
    trials: int  # to run
    workers: int
    trial_seconds: float  # of a typical full trial
    steps_per_second: float  # of one worker, evaluations included
    corners: tuple[CornerTime, ...]  # cheapest first
    minutes: float  # with typical pruning
    minutes_unpruned: float
    confirmation_minutes: float
    disk_bytes: int

    @property
    def saved(self) -> float:
        """The expected share of time that pruning saves."""
        return 1 - self.minutes / self.minutes_unpruned if self.minutes_unpruned else 0.0

    def data(self) -> dict[str, Any]:
        """The fields and `pruning_saves` as a JSON-ready dict."""
        return {**asdict(self), "pruning_saves": self.saved}


def forecast(engine: Engine, spec: StudySpec, trials: int) -> Forecast:
    """Measures short runs and computes the estimate.

    Args:
        engine: Will run the trials; measuring uses one of its workers.
        spec: The study.
        trials: Number of trials to run.

    Raises:
        TunerError: if the environment or the arguments are invalid.
    """
    measured = estimate.measure(engine, spec)
    seconds = measured.seconds
    times = sorted(
        (_corner(engine, spec, corner, measured.evaluation) for corner in corners(spec)), key=lambda time: time.seconds
    )
    likely = estimate.minutes(trials, engine.workers, spec, seconds)
    fixed = len(spec.baselines)
    model = _model_bytes(engine, spec)
    kept = trials if model <= 3 * SMALL_POLICY else min(trials, fixed + FEW_KEPT + spec.repeats)
    runs = most_runs(max(spec.trials - fixed, 0), fixed, finals=spec.repeats > 0)
    confirmation = estimate.rounds_minutes(runs, engine.workers, seconds)
    return Forecast(
        study=spec.name,
        timesteps=spec.timesteps,
        trials=trials,
        workers=engine.workers,
        trial_seconds=seconds,
        steps_per_second=spec.timesteps / seconds,
        corners=tuple(times),
        minutes=likely.likely,
        minutes_unpruned=likely.unpruned,
        confirmation_minutes=confirmation,
        disk_bytes=trials * ROW_BYTES + kept * model,  # were no trial pruned
    )


def _corner(engine: Engine, spec: StudySpec, corner: Corner, evaluation: float) -> CornerTime:
    """Measured by the difference of two runs, so that one-time costs are not counted per step; plus the evaluations."""
    few, many = (_run(engine, spec, corner, rollouts) for rollouts in ROLLOUTS)
    steps = max(many.steps - few.steps, 1)
    training = spec.timesteps * max(many.training_seconds - few.training_seconds, 0.0) / steps
    return CornerTime(values=corner.values, seconds=many.setup_seconds + training + evaluation)


def _run(engine: Engine, spec: StudySpec, corner: Corner, rollouts: int, goals: int = 0) -> TrialOutcome:
    steps = corner.steps * rollouts
    checkpoints = (Checkpoint(step=steps, goals=goals),) if goals else ()
    place = typical_environment(spec)
    job = spec.job(number=-1, seed=0, params=corner.params, timesteps=steps, checkpoints=checkpoints, environment=place)
    return estimate.run_short(engine, job, keep=True)


def _model_bytes(engine: Engine, spec: StudySpec) -> int:
    """The size of one saved model."""
    model = _run(engine, spec, corners(spec)[-1], 1, goals=1).model
    return len(model) if model else 0
