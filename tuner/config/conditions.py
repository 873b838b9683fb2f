"""Conditional parameters, searched only if others have certain values: `when: {learning_rate_schedule: [linear]}`."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Protocol

from pydantic import BeforeValidator, Field, StrictFloat, StrictInt

from tuner.errors import did_you_mean

Plain = bool | StrictInt | StrictFloat | str | None


def _each_a_list(when: Any) -> Any:
    """The condition with single values as lists of one."""
    if not isinstance(when, dict):
        return when
    single = bool | int | float | str | None
    return {name: [value] if isinstance(value, single) else value for name, value in when.items()}


Values = Annotated[tuple[Plain, ...], Field(strict=False)]
_AsWritten = dict[str, Plain | Annotated[list[Plain], Field(min_length=1)]]
# Parameter → values, any of which satisfies it.
When = Annotated[dict[str, Values], BeforeValidator(_each_a_list, json_schema_input_type=_AsWritten)]


class HasCondition(Protocol):
    """A parameter that may have a condition."""

    @property
    def when(self) -> Mapping[str, tuple[Any, ...]]:
        """The values that other parameters must have, any one of each; empty if the parameter is always searched."""


def same(one: object, other: object) -> bool:
    """Whether two plain values are equal; true does not equal 1."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def searched(parameters: Mapping[str, HasCondition], values: Mapping[str, Any]) -> list[str]:
    """The parameters whose conditions hold for `values`, which may leave out the others."""
    found: list[str] = []
    for name in in_order(parameters):
        if holds(parameters[name], {other: values[other] for other in found if other in values}):
            found.append(name)
    return [name for name in parameters if name in found]


def holds(parameter: HasCondition, values: Mapping[str, Any]) -> bool:
    """Whether a parameter is searched, given the values of those that its condition names."""
    return all(
        name in values and any(same(values[name], value) for value in valid) for name, valid in parameter.when.items()
    )


def in_order(parameters: Mapping[str, HasCondition]) -> list[str]:
    """The names, each after those that its condition names; names in a cycle are left out."""
    ordered: list[str] = []
    while ready := [
        name for name in parameters if name not in ordered and parameters[name].when.keys() <= set(ordered)
    ]:
        ordered += ready
    return ordered


def faults(parameters: Mapping[str, HasCondition]) -> Iterator[str]:
    """A line for every problem in the conditions, with its path."""
    found = [fault for name, parameter in parameters.items() for fault in _own_faults(name, parameter, parameters)]
    yield from found
    circle = [name for name in parameters if name not in in_order(parameters)]
    if circle and not found:
        names = ", ".join(circle)
        yield f"parameters.{circle[0]}.when: is circular: {names}; one of them must have no `when`"


def _own_faults(name: str, parameter: HasCondition, parameters: Mapping[str, HasCondition]) -> Iterator[str]:
    for other, values in parameter.when.items():
        path = f"parameters.{name}.when.{other}"
        choices = getattr(parameters.get(other), "choices", None)
        if other not in parameters:
            yield f"{path}: unknown parameter{did_you_mean(other, parameters)}; valid: {', '.join(parameters)}"
        elif choices is None:
            yield f"{path}: must be of type choice, since a condition names values"
        elif not values:
            yield f"{path}: needs at least one value"
        else:
            for value in values:
                if not any(same(value, choice) for choice in choices):
                    yield f"{path}: {value!r} is not a choice of {other}; valid: {list(choices)}"
