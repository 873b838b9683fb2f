"""How long a run will take: by the trials that the study has, or by a few seconds of measuring."""

import itertools
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from tuner.engines.base import Broken, Engine, Evaluated, Finished
from tuner.errors import EnvironmentFailed
from tuner.records import Checkpoint, Decision, TrialJob
from tuner.spec.model import ENOUGH_CHECKPOINTS, StudySpec
from tuner.spec.space import IntParameter, SpaceSpec

PROBE_STEPS = 512
PROBE_MINIBATCHES = 8
FEW_EPOCHS, MANY_EPOCHS = 1, 6
EVALUATION_SHARE = 0.12  # of a trial's time
MEDIAN_RULE_COST = ((1, 1.0), (11, 0.8), (20, 0.70), (60, 0.58), (200, 0.515))  # trials, full runs a trial: a replay


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """Minutes until the run is done."""

    likely: float
    unpruned: float


def minutes(trials: int, workers: int, spec: StudySpec, trial_seconds: float) -> Estimate:
    """From the seconds of one full trial to the minutes of a run."""
    unpruned = math.ceil(trials / workers) * trial_seconds / 60
    return Estimate(likely=unpruned * pruning_cost(spec, trials), unpruned=unpruned)


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
    """Seconds of a typical full trial, by two short runs in a worker that differ in their number of minibatches.

    It doubles as the first check that the environment can be made and learnt in.

    Raises:
        TunerError: what the environment or the arguments are refused for.
    """
    _probe(engine, spec, epochs=1, goals=1)  # the first run in a process pays for imports and first calls
    few, many = _probe(engine, spec, epochs=FEW_EPOCHS), _probe(engine, spec, epochs=MANY_EPOCHS)
    per_minibatch = max(many - few, 0.0) / ((MANY_EPOCHS - FEW_EPOCHS) * PROBE_MINIBATCHES)
    per_step = max(few - FEW_EPOCHS * PROBE_MINIBATCHES * per_minibatch, 0.0) / _probe_steps(spec)
    rate = _typical(spec.space, "n_epochs", 10) * _typical_inverse(spec.space, "batch_size", 64)
    return spec.timesteps * (per_step + rate * per_minibatch) / (1 - EVALUATION_SHARE)


def _probe_steps(spec: StudySpec) -> int:
    """One rollout, in whole minibatches whatever the number of environments."""
    rounds = max(PROBE_STEPS // spec.environment.n_envs // PROBE_MINIBATCHES, 1)
    return rounds * PROBE_MINIBATCHES * spec.environment.n_envs


def _probe(engine: Engine, spec: StudySpec, *, epochs: int, goals: int = 0) -> float:
    """Seconds of a short training run, evaluated at its end where there are goals."""
    steps = _probe_steps(spec)
    n_steps = steps // spec.environment.n_envs
    job = TrialJob(
        number=-1,
        seed=0,
        params={"n_steps": n_steps, "batch_size": steps // PROBE_MINIBATCHES, "n_epochs": epochs},
        environment=spec.environment.ref(),
        algorithm=spec.algorithm,
        trainer=spec.trainer,
        policy=spec.policy,
        device=spec.device,
        timesteps=steps,
        objective=spec.objective,
        checkpoints=(Checkpoint(step=steps, goals=goals),) if goals else (),
        milestones=spec.milestones,
        curriculum=spec.curriculum.record() if spec.curriculum else None,
    )
    engine.start(job)
    while True:
        for event in engine.wait(0.5):
            if isinstance(event, Broken):
                raise event.error
            if isinstance(event, Evaluated):
                engine.answer(event.number, Decision(go_on=True))
            if isinstance(event, Finished):
                if event.outcome.state != "completed":
                    raise EnvironmentFailed(f"before the first trial: {event.outcome.reason}")
                return event.outcome.seconds


def _typical(space: SpaceSpec, name: str, default: float) -> float:
    low, high = space.lowest(name), space.highest(name)
    return default if low is None or high is None else (low + high) / 2


def _typical_inverse(space: SpaceSpec, name: str, default: float) -> float:
    """The mean of 1 / value over the values of a parameter."""
    parameter = space.parameters.get(name)
    if isinstance(parameter, IntParameter) and parameter.scale == "power_of_two":
        octaves = round(math.log2(parameter.high / parameter.low))
        return statistics.fmean(1 / (parameter.low * 2**octave) for octave in range(octaves + 1))
    return 1 / _typical(space, name, default)
