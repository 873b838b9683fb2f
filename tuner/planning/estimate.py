"""How long a run will take: by the trials that the study has, or by a few seconds of measuring."""

import itertools
import math
import statistics
from collections.abc import Sequence

import psutil

from tuner.config.model import ENOUGH_CHECKPOINTS, StudySpec
from tuner.engines.base import Broken, Engine, Evaluated, Finished
from tuner.errors import EnvironmentFailed, UsageProblem
from tuner.planning.costs import ShortRun, largest_buffer, short_runs, updates_a_step
from tuner.record_type import Record
from tuner.records import Checkpoint, Decision, TrialJob, TrialOutcome
from tuner.study.stored import MAX_ATTEMPTS

EVALUATION_SHARE = 0.12  # of a trial's time
MEDIAN_RULE_COST = ((1, 1.0), (11, 0.8), (20, 0.70), (60, 0.58), (200, 0.515))  # trials, full runs a trial: a replay


class Estimate(Record):
    """Minutes until the run is done."""

    likely: float
    unpruned: float


def minutes(trials: int, workers: int, spec: StudySpec, trial_seconds: float) -> Estimate:
    """From the seconds of one full trial to the minutes of a run."""
    unpruned = rounds_minutes(trials, workers, trial_seconds)
    return Estimate(likely=unpruned * pruning_cost(spec, trials), unpruned=unpruned)


def rounds_minutes(runs: int, workers: int, seconds: float) -> float:
    """Minutes of so many runs of so many seconds, side by side."""
    return math.ceil(runs / workers) * seconds / 60


def pruning_cost(spec: StudySpec, trials: int) -> float:
    """Full runs that a trial costs under the study's pruner; 1 where it saves nothing."""
    if spec.pruner == "none" or len(spec.plan()) < ENOUGH_CHECKPOINTS:
        return 1.0
    for (few, more_cost), (many, cost) in itertools.pairwise(MEDIAN_RULE_COST):
        if trials <= many:
            share = math.log(max(trials, few) / few) / math.log(many / few)
            return more_cost + share * (cost - more_cost)
    return MEDIAN_RULE_COST[-1][1]


def typical_seconds(trial_seconds: Sequence[float]) -> float | None:
    """The median of full trials that have run, None where none has."""
    return statistics.median(trial_seconds) if trial_seconds else None


def measure(engine: Engine, spec: StudySpec) -> float:
    """Seconds of a typical full trial, by two short runs in a worker that differ in their number of updates.

    It doubles as the first check that the environment can be made and learnt in, and that replay buffers fit.

    Raises:
        TunerError: what the environment or the arguments are refused for.
    """
    few, many = short_runs(spec)
    first = _probe(engine, spec, few, goals=1)  # the first run in a process pays for imports and first calls
    refuse_large_buffers(spec, engine.workers, first.facts.get("bytes_a_transition", 0.0))
    short, long = _probe(engine, spec, few), _probe(engine, spec, many)
    per_step, per_update = _costs(short.training_seconds, long.training_seconds, few, many)
    training = spec.timesteps * (per_step + updates_a_step(spec) * per_update) / (1 - EVALUATION_SHARE)
    return long.setup_seconds + training


def _costs(short: float, long: float, few: ShortRun, many: ShortRun) -> tuple[float, float]:
    """Seconds of an environment step, and of an update, from those of two runs."""
    per_update = max(long - short, 0.0) / (many.updates - few.updates)
    return max(short - few.updates * per_update, 0.0) / few.steps, per_update


def refuse_large_buffers(spec: StudySpec, workers: int, bytes_a_transition: float) -> None:
    """Refuses replay buffers that would not fit into the memory that is free, side by side.

    Raises:
        UsageProblem: with both sizes.
    """
    size = largest_buffer(spec)
    side_by_side = min(workers, spec.trials)
    needed, free = side_by_side * size * bytes_a_transition, psutil.virtual_memory().available
    if needed > free:
        raise UsageProblem(
            f"{side_by_side} replay buffer{'s' * (side_by_side > 1)} of {size:,} transitions would take "
            f"{needed / 1e9:.3g} GB, and {free / 1e9:.3g} GB are free: give fewer --workers or a smaller buffer_size"
        )


def _probe(engine: Engine, spec: StudySpec, run: ShortRun, goals: int = 0) -> TrialOutcome:
    """How a short training run ended, evaluated at its end where there are goals."""
    checkpoints = (Checkpoint(step=run.steps, goals=goals),) if goals else ()
    job = spec.job(number=-1, seed=0, params=run.params, timesteps=run.steps, checkpoints=checkpoints)
    return run_short(engine, job)


def run_short(engine: Engine, job: TrialJob, *, keep: bool = False) -> TrialOutcome:
    """Runs a job to its end before anything is decided; its model is kept where that is asked for.

    One that is lost with the node it ran on runs again.

    Raises:
        TunerError: what the environment or the arguments are refused for.
    """
    losses = 0
    engine.start(job)
    while True:
        for event in engine.wait(0.5):
            if isinstance(event, Broken):
                raise event.error
            if isinstance(event, Evaluated):
                engine.answer(event.number, Decision(go_on=True, keep=keep))
            if isinstance(event, Finished):
                if event.outcome.lost_with and (losses := losses + 1) < MAX_ATTEMPTS:
                    engine.start(job)
                    continue
                if event.outcome.state != "completed":
                    raise EnvironmentFailed(f"before the first trial: {event.outcome.reason}")
                return event.outcome
