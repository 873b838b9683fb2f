"""Studies that search arguments of the environment's constructor: their baselines, what to try, what is refused."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from tuner.config.conditions import searched
from tuner.config.configuration import environment_of
from tuner.config.model import StudyFile, StudySpec
from tuner.config.parameters import ChoiceParameter, Parameter
from tuner.config.space import SpaceSpec, snap
from tuner.errors import SpecInvalid
from tuner.records import EnvironmentRef

INFLATED = "returns, which a larger weight alone raises"


def with_own_values(space: SpaceSpec, kwargs: Mapping[str, Any], baseline: Mapping[str, Any]) -> dict[str, Any]:
    """A baseline, with the study's own values of searched arguments of the environment that it leaves out."""
    return {**{name: kwargs[name] for name in space.of_environment if name in kwargs}, **baseline}


def unused(spec: StudySpec) -> list[str]:
    """Searched arguments of the environment whose own value in the study no baseline and no trial has."""
    own, parameters = spec.environment.kwargs, spec.space.parameters
    always = [name for name in spec.space.of_environment if name in own and not parameters[name].when]
    return [name for name in always if all(one.get(name) != own[name] for one in spec.baselines.values())]


def objective_faults(space: SpaceSpec, study: StudyFile) -> Iterator[str]:
    """A line if returns score a study that searches the environment."""
    names = [*space.of_environment, *_staged(study)]
    if names and study.objective.metric == "return":
        said = f"objective: {', '.join(names)} of the environment would be searched by {INFLATED}"
        yield f"{said}; take success, milestones, area or info:NAME"


def refuse_returns(spec: StudySpec) -> None:
    """Refuses a study that searches the environment and whose scores are returns, since no success is told.

    Raises:
        SpecInvalid: with the ways out.
    """
    if not spec.space.of_environment or spec.objective.metric not in ("success", "milestones"):
        return
    if spec.signals is None or spec.signals.success is None:
        said = f"objective: {spec.environment.id} tells no success, so scores would be {INFLATED}"
        fault = f"{said}; name the entry of `info` that does (--success-key), or take info:NAME"
        raise SpecInvalid(f"study {spec.name!r}", [fault])


def _staged(study: StudyFile) -> list[str]:
    named = (pair for stage in study.stages for pair in stage.parameters.items())
    return [name for name, parameter in named if parameter.target == "environment"]


def typical_environment(spec: StudySpec) -> EnvironmentRef:
    """The environment with the first baseline's values, or those in the middle of the ranges."""
    space, first = spec.space, next(iter(spec.baselines.values()), None)
    values = {name: _middle(parameter) for name, parameter in space.parameters.items()}
    given = _of_environment(space, values) if first is None else first
    own = {name: given[name] for name in space.of_environment if name in given}
    return environment_of(spec.environment.ref(), own, space.algorithm)


def extreme_environments(spec: StudySpec) -> list[EnvironmentRef]:
    """The environment with the lowest values of all searched arguments, with the highest, and with every choice."""
    space = spec.space
    if not space.of_environment:
        return []
    count = max([2, *(len(one.choices) for one in space.parameters.values() if isinstance(one, ChoiceParameter))])
    every = [
        {name: _extreme(parameter, place) for name, parameter in space.parameters.items()} for place in range(count)
    ]
    made = [environment_of(spec.environment.ref(), _of_environment(space, one), space.algorithm) for one in every]
    return [one for place, one in enumerate(made) if one not in made[:place]]


def _of_environment(space: SpaceSpec, values: Mapping[str, Any]) -> dict[str, Any]:
    """Those values of the environment's arguments whose conditions hold."""
    snapped = snap(space, {name: values[name] for name in searched(space.parameters, values)})
    return {name: snapped[name] for name in space.of_environment if name in snapped}


def _extreme(parameter: Parameter, place: int) -> Any:
    ends = parameter.choices if isinstance(parameter, ChoiceParameter) else parameter.bounds
    return ends[place % len(ends)]


def _middle(parameter: Parameter) -> Any:
    if isinstance(parameter, ChoiceParameter):
        return parameter.choices[0]
    low, high = parameter.bounds
    middle = (low + high) / 2 if parameter.scale == "linear" else math.sqrt(low * high)
    return round(middle) if parameter.type == "int" else middle
