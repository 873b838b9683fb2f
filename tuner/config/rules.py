"""Checks that need a study and its space together: baselines, algorithm, budget."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tuner.config.algorithms import ALGORITHMS, argument_faults, title
from tuner.config.arguments import layers, noise_faults
from tuner.config.conditions import same, searched
from tuner.config.model import StudyFile, StudySpec, baseline_steps, largest_rollout
from tuner.config.parameters import ChoiceParameter
from tuner.config.schedules import parse, taken_apart, value_faults
from tuner.config.space import SpaceSpec, allows, not_below, rollouts
from tuner.statistics.answer_records import WINNER

MOST_OF_GP = 500  # trials: with so many completed ones, proposing one more takes a second


def baseline_faults(space: SpaceSpec, baselines: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """A line for every problem of baselines in a space."""
    lacking: list[tuple[str, str]] = []  # arguments of the environment, with whose they are
    for role, values in baselines.items():
        path = f"baselines.{role}"
        if role == WINNER:
            yield f"{path}: is what a confirmation calls the best tuned trial; give the baseline another name"
        if values.get("device", "cpu") not in ("cpu", "auto", "cuda"):
            yield f"{path}.device: {values['device']!r} must be cpu, auto or cuda"
        given = {name: value for name, value in values.items() if name not in ("device", *space.of_environment)}
        yield from argument_faults(given, path, space.algorithm)
        yield from noise_faults({*given, *space.fixed}, path)
        yield from value_faults(values, path, space.fixed)
        own = in_terms_of(space, values)
        for name in searched(space.parameters, own):
            if name not in own and name in space.of_environment:
                lacking.append((role, name))
            elif name not in own:
                yield f"{path}.{name}: is required, since the space searches it"
            elif (fault := allows(space, name, own[name]) or not_below(space, name, own)) is not None:
                yield f"{path}.{name}: {fault}"
    if lacking:
        roles, names = (", ".join(dict.fromkeys(part)) for part in zip(*lacking, strict=True))
        where = "name it there, or for all of them in the environment's kwargs (--env-kwargs)"
        yield f"baselines.{roles}: {names}: is required, since the space searches it in the environment; {where}"


def algorithm_faults(space: SpaceSpec, study: StudyFile) -> Iterator[str]:
    """A line for every conflict between a study's algorithm and its space."""
    if study.algorithm is not None and study.algorithm != space.algorithm:
        yield (
            f"algorithm: {study.algorithm!r}, but the space {study.space} is for {space.algorithm}; leave the key out, "
            f"or name a space for {study.algorithm}, such as {ALGORITHMS[study.algorithm].space}"
        )
    if study.sampler == "gp" and (named := [name for name, one in space.parameters.items() if one.when]):
        yield f"sampler: 'gp' cannot search conditional parameters ({', '.join(named)}); take tpe, random or qmc"
    if study.sampler == "gp" and study.trials > MOST_OF_GP:
        yield f"sampler: 'gp' is too slow for {study.trials:,} trials, at most {MOST_OF_GP}; take tpe for more"
    if study.trainer == "fused" and ALGORITHMS[space.algorithm].fused is None:
        names = " and ".join(title(name) for name, entry in ALGORITHMS.items() if entry.fused)
        yield f"trainer: 'fused' trains only {names}, and the space is for {space.algorithm}; leave it out"


def budget_faults(space: SpaceSpec, study: StudyFile | StudySpec) -> Iterator[str]:
    """A line for everything that prevents evaluating all trials of a study at the same steps."""
    name = ALGORITHMS[space.algorithm].rollout
    values = rollouts(space)
    if not values:
        yield (
            f"space: {name} must be a power_of_two range, a choice or fixed, since it sets at which steps every trial "
            "is evaluated"
        )
        return
    rollout = largest_rollout(space, study.baselines, study.environment.n_envs)
    steps = rollout // study.environment.n_envs
    wanted = {f"space: {name} {value}": value for value in values}
    named = baseline_steps(space, study.baselines)
    wanted |= {f"baselines.{role}.{name}: {value}": value for role, value in named.items()}
    for path, value in wanted.items():
        if steps % value:
            yield f"{path} does not divide the largest, {steps}: its trials would be evaluated at other steps"
    if study.timesteps < rollout:
        yield (
            f"timesteps: {study.timesteps} is less than one largest rollout ({name} x n_envs = {rollout}); "
            f"give at least {rollout}, or lower the space's {name}"
        )
    yield from late_starts([space.highest("learning_starts")], study.timesteps)
    yield from late_starts([one.get("learning_starts") for one in study.baselines.values()], study.timesteps)


def late_starts(starts: Iterable[Any], timesteps: int) -> Iterator[str]:
    """A line for every `learning_starts` that a trial would never get past."""
    for start in {start for start in starts if isinstance(start, int | float) and start >= timesteps}:
        yield (
            f"learning_starts: {start:,} of {timesteps:,} timesteps leave none for learning; raise --timesteps, "
            "or lower it"
        )


def whole_budget(space: SpaceSpec, study: StudyFile | StudySpec) -> int:
    """The budget, rounded up to a multiple of the largest rollout."""
    rollout = largest_rollout(space, study.baselines, study.environment.n_envs)
    return -(-study.timesteps // rollout) * rollout


def in_terms_of(space: SpaceSpec, values: Mapping[str, Any]) -> dict[str, Any]:
    """The same arguments as the space writes them: schedules in parts if the space has parts, choices as listed."""
    parted = taken_apart(values, space.parameters, space.fixed)
    return {name: _as_chosen(space, name, value) for name, value in parted.items()}


def _as_chosen(space: SpaceSpec, name: str, value: Any) -> Any:
    parameter = space.parameters.get(name)
    choices = parameter.choices if isinstance(parameter, ChoiceParameter) else ()
    return next((choice for choice in choices if means_the_same(name, choice, value)), value)


def means_the_same(name: str, choice: Any, value: Any) -> bool:
    """Whether two notations are one value: `lin_3e-4` and `lin_0.0003`, `64x64` and [64, 64]."""
    if name == "net_arch":
        return layers(choice) is not None and layers(choice) == layers(value)
    line = parse(choice)
    return same(choice, value) or (line is not None and line == parse(value))
