"""What training costs by its arguments: updates a step, and two short runs that tell apart what a step and one cost."""

import itertools
import math
import statistics
from typing import Any

from tuner.config.algorithms import ALGORITHMS
from tuner.config.arguments import NETS, layers
from tuner.config.model import StudySpec
from tuner.config.space import ChoiceParameter, IntParameter, SpaceSpec
from tuner.record_type import Record

STEPS = 512  # of a short run, about
PARTS = 8  # that a short run can be cut into
FEW, MANY = 1, 6  # PPO's epochs
GRADIENT_STEPS = 1, 8  # an update of the off-policy ones


class ShortRun(Record):
    """A training run of some seconds."""

    steps: int
    updates: int  # minibatches of PPO, updates of A2C, gradient steps of the others
    params: dict[str, Any]


def short_runs(spec: StudySpec) -> tuple[ShortRun, ShortRun]:
    """Two runs of the same steps, with few updates and with many; nets as the space fixes them."""
    n_envs = spec.environment.n_envs
    part = max(STEPS // n_envs // PARTS, 1)  # steps of each environment
    nets = {name: value for name, value in spec.space.fixed.items() if name in NETS}
    runs = []
    for updates, params in _runs(spec, part):
        runs.append(ShortRun(steps=PARTS * part * n_envs, updates=updates, params={**params, **nets}))
    return runs[0], runs[1]


def _runs(spec: StudySpec, part: int) -> list[tuple[int, dict[str, Any]]]:
    if spec.algorithm == "ppo":
        rollout = {"n_steps": PARTS * part, "batch_size": part * spec.environment.n_envs}
        return [(epochs * PARTS, {**rollout, "n_epochs": epochs}) for epochs in (FEW, MANY)]
    if spec.algorithm == "a2c":
        return [(1, {"n_steps": PARTS * part}), (PARTS * part, {"n_steps": 1})]
    low, high = _ends(spec, "batch_size")
    batch = round(math.sqrt(low * high))
    replay = {"batch_size": batch, "learning_starts": 0, "train_freq": part}
    return [(steps * PARTS, {**replay, "gradient_steps": steps}) for steps in GRADIENT_STEPS]


class Corner(Record):
    """The values of the space that decide what a trial costs, at their ends."""

    values: dict[str, Any]
    params: dict[str, Any]  # the arguments of a short run there
    steps: int  # of its rollout, to be made several times


def corners(spec: StudySpec) -> list[Corner]:
    """Every combination of the lowest and the highest of what a trial's time depends on, one where nothing does."""
    dear = ALGORITHMS[spec.algorithm].costs
    ends = {name: _both_ends(spec.space, name) for name in dear if name in spec.space.parameters}
    fixed = {name: value for name, value in spec.space.fixed.items() if name in (*dear, *NETS)}
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
    """How large a net is, or a number; words are all alike."""
    if isinstance(choice, int | float):
        return float(choice)
    return float(sum(width**2 for width in layers(choice) or ()))


def _corner_run(spec: StudySpec, params: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """PPO's rollout is one that a minibatch fits into; the others learn from the first step."""
    n_envs = spec.environment.n_envs
    if spec.algorithm == "ppo":
        batch = params.get("batch_size", ALGORITHMS["ppo"].defaults["batch_size"])
        n_steps = max(-(-batch // n_envs), STEPS // n_envs, 2)
        return {**params, "n_steps": n_steps}, n_steps * n_envs
    more = {"learning_starts": 0} if ALGORITHMS[spec.algorithm].off_policy else {}
    return {**params, **more}, STEPS // 2


def updates_a_step(spec: StudySpec) -> float:
    """How many updates a typical trial makes for every environment step."""
    if spec.algorithm == "ppo":
        return _typical(spec, "n_epochs") * _typical_inverse(spec, "batch_size")
    if spec.algorithm == "a2c":
        return _typical_inverse(spec, "n_steps") / spec.environment.n_envs
    steps = _typical(spec, "gradient_steps")
    return 1.0 if steps < 0 else steps * _typical_inverse(spec, "train_freq") / spec.environment.n_envs


def largest_buffer(spec: StudySpec) -> int:
    """Transitions that a trial's replay buffer may come to hold, 0 for those that have none."""
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
    """The mean of 1 / value over the values of a parameter."""
    powers = _powers(spec.space, name)
    return statistics.fmean(1 / power for power in powers) if powers else 1 / _typical(spec, name)


def _powers(space: SpaceSpec, name: str) -> list[int]:
    parameter = space.parameters.get(name)
    if not isinstance(parameter, IntParameter) or parameter.scale != "power_of_two":
        return []
    octaves = round(math.log2(parameter.high / parameter.low))
    return [parameter.low * 2**octave for octave in range(octaves + 1)]
