"""A search space as data, and the conversion of sampled values to the algorithm's arguments."""

import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import (
    Field,
    model_validator,
)

from tuner.config import conditions, schedules
from tuner.config.algorithms import ALGORITHMS, Algorithm, argument_faults, is_whole, title
from tuner.config.arguments import her_faults, noise_faults
from tuner.config.configuration import name_faults
from tuner.config.parameters import ChoiceParameter, FloatParameter, Frozen, IntParameter, Parameter, nearest_power


class SpaceSpec(Frozen):
    """The searched parameters and the fixed values of an algorithm."""

    description: str = ""
    algorithm: Algorithm = "ppo"
    parameters: Annotated[dict[str, Parameter], Field(min_length=1)]
    fixed: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _sound(self) -> "SpaceSpec":
        found = [*self._argument_faults(), *self._relation_faults(), *conditions.faults(self.parameters)]
        found += schedules.space_faults(self.parameters, self.fixed)
        if found:
            raise ValueError("\n".join(found))
        return self

    @property
    def of_environment(self) -> tuple[str, ...]:
        """The searched arguments of the environment's constructor."""
        return tuple(name for name, parameter in self.parameters.items() if parameter.target == "environment")

    def _argument_faults(self) -> Iterator[str]:
        outside = self.of_environment
        own = {name: value for name, value in self.fixed.items() if name not in outside}
        yield from argument_faults(own, "fixed", self.algorithm)
        for name in self.fixed.keys() - own.keys():
            yield f"fixed.{name}: is the environment's; its value belongs under `environment: {{kwargs: …}}` of a study"
        yield from noise_faults({*self.parameters, *self.fixed} - {*outside}, "parameters")
        if ALGORITHMS[self.algorithm].off_policy:
            yield from her_faults({*self.parameters, *self.fixed}, self.fixed, "parameters")
        if self._comes_and_goes("noise_type") != self._comes_and_goes("noise_std"):
            yield "parameters.noise_std: goes with noise_type, and both need the same `when`"
        for name, parameter in self.parameters.items():
            if parameter.target == "environment":
                yield from name_faults(name, self.algorithm)
                continue
            if isinstance(parameter, FloatParameter) and is_whole(name, self.algorithm):
                algorithm = title(self.algorithm)
                yield f"parameters.{name}: must be of type int, since {algorithm} takes whole numbers there"
                continue
            ends = parameter.choices if isinstance(parameter, ChoiceParameter) else parameter.bounds
            found = (fault for value in ends for fault in argument_faults({name: value}, "parameters", self.algorithm))
            yield from dict.fromkeys(found)
        for name in self.parameters.keys() & own.keys():
            if not self.parameters[name].when:
                yield f"fixed.{name}: is searched as well; name it under `parameters` or under `fixed`, not both"

    def _relation_faults(self) -> Iterator[str]:
        for name, parameter in self.parameters.items():
            ceiling = parameter.below if isinstance(parameter, IntParameter) else None
            if name == ALGORITHMS[self.algorithm].rollout and parameter.when:
                yield f"parameters.{name}.when: sets at which steps every trial is evaluated, so must be unconditional"
            if ceiling is None:
                continue
            if ceiling in self.parameters and self.parameters[ceiling].when:
                yield f"parameters.{name}.below: {ceiling!r} has a `when`, so it does not always have a value"
            if getattr(self.parameters.get(ceiling), "below", None) is not None:
                yield f"parameters.{name}.below: {ceiling!r} has a `below` of its own; chains are not supported"
                continue
            lowest = self.lowest(ceiling)
            if lowest is None:
                yield f"parameters.{name}.below: {ceiling!r} is neither a parameter with bounds nor a fixed number"
            elif parameter.bounds[0] >= lowest:
                yield (
                    f"parameters.{name}.below: low {parameter.bounds[0]} leaves no room under the lowest "
                    f"{ceiling}, {lowest:g}"
                )

    def _comes_and_goes(self, name: str) -> dict[str, Any]:
        """The condition under which an argument has a value here, empty if it always or never has one."""
        always = name in self.fixed or name not in self.parameters
        return {} if always else self.parameters[name].when

    def lowest(self, name: str) -> float | None:
        """The lowest value that an argument can have in this space, None if it has no bound."""
        return self._end(name, 0)

    def highest(self, name: str) -> float | None:
        """The highest value that an argument can have in this space, None if it has no bound."""
        return self._end(name, 1)

    def _end(self, name: str, end: int) -> float | None:
        value = self.parameters[name].bounds[end] if name in self.parameters else self.fixed.get(name)
        return value if isinstance(value, int | float) and not math.isnan(value) else None


def possible(space: SpaceSpec, name: str) -> list[int]:
    """Every value of a whole-number argument with listable values (powers of two, choices, fixed), else nothing."""
    parameter, fixed = space.parameters.get(name), space.fixed.get(name)
    if isinstance(parameter, IntParameter) and parameter.scale == "power_of_two":
        octaves = round(math.log2(parameter.high / parameter.low))
        return [parameter.low * 2**octave for octave in range(octaves + 1)]
    if isinstance(parameter, ChoiceParameter):
        return [choice for choice in parameter.choices if isinstance(choice, int)]
    return [fixed] if parameter is None and isinstance(fixed, int) else []


def rollouts(space: SpaceSpec) -> list[int]:
    """Every possible number of steps per environment between two updates; empty if they cannot be listed."""
    entry = ALGORITHMS[space.algorithm]
    name = entry.rollout
    if entry.off_policy and name not in space.parameters and name not in space.fixed:
        return [int(entry.defaults[name])]  # on-policy spaces must name theirs: batches and epochs depend on it
    return possible(space, name)


def snap(space: SpaceSpec, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that run for sampled `values`: rounded to powers of two where the space says so, every `below` met."""
    snapped = {name: _snap_one(space.parameters[name], value) for name, value in values.items()}
    for name, value in snapped.items():
        parameter = space.parameters[name]
        if isinstance(parameter, IntParameter) and parameter.below is not None:
            ceiling = snapped.get(parameter.below, space.fixed.get(parameter.below))
            if ceiling is not None and value >= ceiling:
                snapped[name] = _largest_below(parameter, ceiling)
    return snapped


def _snap_one(parameter: FloatParameter | IntParameter | ChoiceParameter, value: Any) -> Any:
    if isinstance(parameter, IntParameter) and parameter.scale == "power_of_two":
        return _power(parameter, value)
    return value


def _power(parameter: IntParameter, value: float) -> int:
    """The power of two for a value: the range is split evenly, on the log scale, into one piece for each power.

    So uniform sampling makes every power equally likely; rounding to the nearest would halve the chance of both ends.
    """
    octaves = round(math.log2(parameter.high / parameter.low))
    place = math.log2(max(value, parameter.low) / parameter.low) / octaves
    return int(parameter.low * 2 ** min(math.floor(place * (octaves + 1)), octaves))


def _largest_below(parameter: IntParameter, ceiling: int) -> int:
    if parameter.scale != "power_of_two":
        return ceiling - 1
    return int(2 ** (math.ceil(math.log2(ceiling)) - 1))


def allows(space: SpaceSpec, name: str, value: object) -> str | None:
    """Why `value` is not in the parameter's range, or None."""
    parameter = space.parameters[name]
    if isinstance(parameter, ChoiceParameter):
        known = any(conditions.same(value, choice) for choice in parameter.choices)
        return None if known else f"{value!r} is not among {list(parameter.choices)}"
    low, high = parameter.bounds
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        return f"{value!r} is outside the space's range {low:g} … {high:g}"
    if isinstance(parameter, IntParameter) and parameter.scale == "power_of_two" and value != nearest_power(value):
        return f"{value!r} is not a power of two, which the space requires; nearest: {nearest_power(value)}"
    return None


def not_below(space: SpaceSpec, name: str, values: Mapping[str, Any]) -> str | None:
    """The problem if a value is not less than that of the parameter named by its `below`, or None."""
    parameter = space.parameters[name]
    if not isinstance(parameter, IntParameter) or parameter.below is None:
        return None
    ceiling = values.get(parameter.below, space.fixed.get(parameter.below))
    if isinstance(ceiling, int | float) and values[name] >= ceiling:
        return f"{values[name]!r} must be less than {parameter.below}, {ceiling!r}"
    return None


def lowest_arguments(space: SpaceSpec) -> dict[str, Any]:
    """The algorithm's arguments at the lower ends of the space, conditional parameters left out."""
    free = {name: one for name, one in space.parameters.items() if not one.when}
    ends = {name: one.choices[0] if isinstance(one, ChoiceParameter) else one.low for name, one in free.items()}
    return job_arguments(space, snap(space, ends), {})


def job_arguments(space: SpaceSpec, sampled: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """A trial's configuration: overrides take precedence over sampled values, these over fixed ones."""
    merged = {**space.fixed, **sampled, **overrides}
    if merged.keys() & schedules.PARTS:
        merged = schedules.put_together(merged)
    names = (*ALGORITHMS[space.algorithm].arguments, *space.of_environment)
    return {name: merged[name] for name in names if name in merged}
