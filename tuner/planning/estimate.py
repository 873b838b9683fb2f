"""Estimates how long trials and runs take, from finished trials or short measurements."""

import itertools
import math
import statistics
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import psutil

from tuner.config.algorithms import ALGORITHMS
from tuner.config.arguments import NETS, layers, nets
from tuner.config.model import ENOUGH_CHECKPOINTS, StudySpec
from tuner.config.parameters import ChoiceParameter, IntParameter
from tuner.config.searched_environment import typical_environment
from tuner.config.space import SpaceSpec
from tuner.engines.base import Broken, Engine, Evaluated, Finished
from tuner.errors import EnvironmentFailed, UsageProblem
from tuner.record_type import Record
from tuner.records import Checkpoint, Decision, Evaluation, TrialJob, TrialOutcome
from tuner.study.stored import MAX_ATTEMPTS

STEPS = 512  # approximate, of a short run
PARTS = 8  # parts that a short run divides into
FEW, MANY = 1, 6  # epochs of PPO
GOALS = 5  # evaluation episodes that are timed
GRADIENT_STEPS = 1, 8  # per update of off-policy algorithms


class ShortRun(Record):
    """A training run of a few seconds."""

    steps: int
    updates: int  # minibatches of PPO, updates of A2C, gradient steps of the others
    params: dict[str, Any]


def short_runs(spec: StudySpec) -> tuple[ShortRun, ShortRun]:
    """Two runs of equal steps, with few and with many updates; networks as fixed in the space."""
    n_envs = spec.environment.n_envs
    part = max(STEPS // n_envs // PARTS, 1)  # steps of each environment
    nets = {name: value for name, value in spec.space.fixed.items() if name in NETS}
    runs = []
    for updates, params in _runs(spec, part):
        runs.append(ShortRun(steps=PARTS * part * n_envs, updates=updates, params={**params, **nets}))
    return runs[0], runs[1]


def _runs(spec: StudySpec, part: int) -> list[tuple[int, dict[str, Any]]]:
    if (passes := ALGORITHMS[spec.algorithm].passes) is not None:
        rollout = {"n_steps": PARTS * part, "batch_size": part * spec.environment.n_envs}
        return [(count * PARTS, {**rollout, passes: count}) for count in (FEW, MANY)]
    if not ALGORITHMS[spec.algorithm].off_policy:
        return [(1, {"n_steps": PARTS * part}), (PARTS * part, {"n_steps": 1})]
    low, high = _ends(spec, "batch_size")
    batch = round(math.sqrt(low * high))
    replay = {"batch_size": batch, "learning_starts": 0, "train_freq": part}
    return [(steps * PARTS, {**replay, "gradient_steps": steps}) for steps in GRADIENT_STEPS]


class Corner(Record):
    """A combination of the ends of the parameters that decide a trial's time."""

    values: dict[str, Any]
    params: dict[str, Any]  # arguments of a short run there
    steps: int  # environment steps of one rollout


def corners(spec: StudySpec) -> list[Corner]:
    """Every combination of lowest and highest values of the parameters that decide a trial's time."""
    costly = ALGORITHMS[spec.algorithm].costs
    ends = {name: _both_ends(spec.space, name) for name in costly if name in spec.space.parameters}
    fixed = {name: value for name, value in spec.space.fixed.items() if name in (*costly, *NETS)}
    found = []
    for values in itertools.product(*ends.values()):
        chosen = dict(zip(ends, values, strict=True))
        params, steps = _corner_run(spec, {**fixed, **chosen})
        found.append(Corner(values=chosen, params=params, steps=steps))
    return found


def _both_ends(space: SpaceSpec, name: str) -> list[Any]:
    parameter = space.parameters[name]
    if isinstance(parameter, ChoiceParameter):
        choices = sorted(parameter.choices, key=_size)
        return [choices[0], choices[-1]]
    return [space.lowest(name), space.highest(name)]


def _size(choice: Any) -> float:
    """The size of a number or a network; 0 for other choices."""
    if isinstance(choice, int | float):
        return float(choice)
    found = nets(layers(choice))
    return sum(float(sum(width**2 for width in net)) for net in found) / max(len(found), 1)


def _corner_run(spec: StudySpec, params: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """Arguments and rollout steps: PPO's rollout holds a minibatch; off-policy algorithms learn from the first step."""
    n_envs = spec.environment.n_envs
    if ALGORITHMS[spec.algorithm].passes is not None:
        batch = params.get("batch_size", ALGORITHMS[spec.algorithm].defaults["batch_size"])
        n_steps = max(-(-batch // n_envs), STEPS // n_envs, 2)
        return {**params, "n_steps": n_steps}, n_steps * n_envs
    more = {"learning_starts": 0} if ALGORITHMS[spec.algorithm].off_policy else {}
    return {**params, **more}, STEPS // 2


def updates_a_step(spec: StudySpec) -> float:
    """Updates per environment step of a typical trial."""
    if (passes := ALGORITHMS[spec.algorithm].passes) is not None:
        return _typical(spec, passes) * _typical_inverse(spec, "batch_size")
    if not ALGORITHMS[spec.algorithm].off_policy:
        return _typical_inverse(spec, "n_steps") / spec.environment.n_envs
    steps = _typical(spec, "gradient_steps")
    return 1.0 if steps < 0 else steps * _typical_inverse(spec, "train_freq") / spec.environment.n_envs


def largest_buffer(spec: StudySpec) -> int:
    """The most transitions in a trial's replay buffer; 0 for algorithms without one."""
    if not ALGORITHMS[spec.algorithm].off_policy:
        return 0
    named = [values.get("buffer_size", 0) for values in spec.baselines.values()]
    return int(min(max(_ends(spec, "buffer_size")[1], *named, 0), spec.timesteps))


def _ends(spec: StudySpec, name: str) -> tuple[float, float]:
    low, high = spec.space.lowest(name), spec.space.highest(name)
    default = ALGORITHMS[spec.algorithm].defaults[name]
    return (default, default) if low is None or high is None else (low, high)


def _typical(spec: StudySpec, name: str) -> float:
    low, high = _ends(spec, name)
    return (low + high) / 2


def _typical_inverse(spec: StudySpec, name: str) -> float:
    """The mean of 1 / value over a parameter's values."""
    powers = _powers(spec.space, name)
    return statistics.fmean(1 / power for power in powers) if powers else 1 / _typical(spec, name)


def _powers(space: SpaceSpec, name: str) -> list[int]:
    parameter = space.parameters.get(name)
    if not isinstance(parameter, IntParameter) or parameter.scale != "power_of_two":
        return []
    octaves = round(math.log2(parameter.high / parameter.low))
    return [parameter.low * 2**octave for octave in range(octaves + 1)]


# Trials of a search, and full runs that each costs on average on the tables of docs/explanation/benchmarks.md.
PRUNER_COSTS = {
    "median": ((1, 1.0), (11, 0.85), (20, 0.77), (60, 0.67), (200, 0.60)),
    "halving": ((1, 1.0), (11, 0.45), (20, 0.41), (60, 0.40), (200, 0.40)),
    "none": ((1, 1.0), (200, 1.0)),
}


class Estimate(Record):
    """Estimated minutes of a run, with pruning and without."""

    likely: float
    unpruned: float


def minutes(trials: int, workers: int, spec: StudySpec, trial_seconds: float) -> Estimate:
    """The minutes of a run, from the seconds of one full trial. Repeats run last and are not pruned."""
    repeats = min(spec.repeats, trials)
    finals = rounds_minutes(repeats, workers, trial_seconds)
    search = rounds_minutes(trials - repeats, workers, trial_seconds)
    return Estimate(likely=search * pruning_cost(spec, trials - repeats) + finals, unpruned=search + finals)


def rounds_minutes(runs: int, workers: int, seconds: float) -> float:
    """Minutes of `runs` runs of `seconds` each, `workers` in parallel."""
    return math.ceil(runs / workers) * seconds / 60


def pruning_cost(spec: StudySpec, trials: int) -> float:
    """The expected cost of a trial under the study's pruner, as a share of a full trial."""
    if len(spec.plan()) < ENOUGH_CHECKPOINTS:
        return 1.0
    costs = PRUNER_COSTS[spec.pruner]
    for (few, more_cost), (many, cost) in itertools.pairwise(costs):
        if trials <= many:
            share = math.log(max(trials, few) / few) / math.log(many / few)
            return more_cost + share * (cost - more_cost)
    return costs[-1][1]


def typical_seconds(trial_seconds: Sequence[float]) -> float | None:
    """The median duration of finished full trials; None if there are none."""
    return statistics.median(trial_seconds) if trial_seconds else None


class TrialTime(Record):
    """Estimated seconds of a typical full trial."""

    setup: float
    training: float
    evaluation: float  # of all its checkpoints' episodes

    @property
    def seconds(self) -> float:
        """All of it."""
        return self.setup + self.training + self.evaluation


def measure(engine: Engine, spec: StudySpec) -> TrialTime:
    """Times a typical full trial by two short runs with different numbers of updates, and some evaluation episodes.

    The episodes are those of a policy that has learned little: where success ends them, later ones are shorter.

    Also checks that the environment can be made and trained in, and that replay buffers fit into memory.

    Raises:
        TunerError: if the environment or the arguments are invalid.
    """
    few, many = short_runs(spec)
    first = _probe(engine, spec, few, goals=1)  # the first run in a process pays for imports and first calls
    refuse_large_buffers(spec, engine.workers, first.facts.get("bytes_a_transition", 0.0))
    seen: list[Evaluation] = []
    short, long = _probe(engine, spec, few), _probe(engine, spec, many, GOALS, seen)
    evaluating = sum(evaluation.evaluation_seconds for evaluation in seen)
    per_step, per_update = _costs(short.training_seconds, long.training_seconds - evaluating, few, many)
    return TrialTime(
        setup=long.setup_seconds,
        training=spec.timesteps * (per_step + updates_a_step(spec) * per_update),
        evaluation=sum(checkpoint.goals for checkpoint in spec.plan()) * evaluating / GOALS,
    )


def _costs(short: float, long: float, few: ShortRun, many: ShortRun) -> tuple[float, float]:
    """Seconds per environment step and per update, from the seconds of two runs."""
    per_update = max(long - short, 0.0) / (many.updates - few.updates)
    return max(short - few.updates * per_update, 0.0) / few.steps, per_update


def refuse_large_buffers(spec: StudySpec, workers: int, bytes_a_transition: float) -> None:
    """Raises if the replay buffers of parallel trials would not fit into free memory.

    Raises:
        UsageProblem: naming both sizes.
    """
    size = largest_buffer(spec)
    parallel = min(workers, spec.trials)
    needed, free = parallel * size * bytes_a_transition, psutil.virtual_memory().available
    if needed > free:
        raise UsageProblem(
            f"{parallel} replay buffer{'s' * (parallel > 1)} of {size:,} transitions would take "
            f"{needed / 1e9:.3g} GB, and {free / 1e9:.3g} GB are free: use fewer --workers or a smaller buffer_size"
        )


def _probe(
    engine: Engine, spec: StudySpec, run: ShortRun, goals: int = 0, seen: list[Evaluation] | None = None
) -> TrialOutcome:
    """The outcome of a short run, evaluated at its end over `goals` episodes, which are added to `seen`."""
    checkpoints = (Checkpoint(step=run.steps, goals=goals),) if goals else ()
    place = typical_environment(spec)
    job = spec.job(
        number=-1, seed=0, params=run.params, timesteps=run.steps, checkpoints=checkpoints, environment=place
    )
    return run_short(engine, job, seen=seen)


def run_short(
    engine: Engine, job: TrialJob, *, keep: bool = False, seen: list[Evaluation] | None = None
) -> TrialOutcome:
    """Runs one job to its end; returns its model if `keep`, and adds its evaluations to `seen`.

    A job that is lost with its node is repeated; one that failed is, with other seeds, since an environment may raise
    once in a while.

    Raises:
        TunerError: if the environment or the arguments are invalid.
    """
    losses = failures = 0
    engine.start(job)
    while True:
        for event in engine.wait(0.5):
            if isinstance(event, Broken):
                raise event.error
            if isinstance(event, Evaluated):
                if seen is not None:
                    seen.append(event.evaluation)
                engine.answer(event.number, Decision(go_on=True, keep=keep))
            if isinstance(event, Finished):
                if event.outcome.lost_with and (losses := losses + 1) < MAX_ATTEMPTS:
                    engine.start(job)
                    continue
                failed = event.outcome.state == "failed" and not event.outcome.lost_with
                if failed and (failures := failures + 1) < MAX_ATTEMPTS:
                    engine.start(replace(job, seed=job.seed + failures))
                    continue
                if event.outcome.state != "completed":
                    raise EnvironmentFailed(f"before the first trial: {event.outcome.reason}")
                return event.outcome
