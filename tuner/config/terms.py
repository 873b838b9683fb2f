"""A baseline's arguments in the terms of a space: what it searches spelt as it spells it."""

from collections.abc import Mapping
from typing import Any

from tuner.config import schedules
from tuner.config.arguments import layers
from tuner.config.conditions import same
from tuner.config.schedules import taken_apart
from tuner.config.space import ChoiceParameter, SpaceSpec


def in_terms_of(space: SpaceSpec, values: Mapping[str, Any]) -> dict[str, Any]:
    """The same arguments, schedules in parts where the space has parts, and every choice as the space writes it."""
    parted = taken_apart(values, space.parameters, space.fixed)
    return {name: _as_chosen(space, name, value) for name, value in parted.items()}


def _as_chosen(space: SpaceSpec, name: str, value: Any) -> Any:
    parameter = space.parameters.get(name)
    choices = parameter.choices if isinstance(parameter, ChoiceParameter) else ()
    return next((choice for choice in choices if means_the_same(name, choice, value)), value)


def means_the_same(name: str, choice: Any, value: Any) -> bool:
    """Whether two spellings mean one value: `lin_3e-4` and `lin_0.0003`, `64x64` and [64, 64]."""
    if name == "net_arch":
        return layers(choice) is not None and layers(choice) == layers(value)
    line = schedules.parse(choice)
    return same(choice, value) or (line is not None and line == schedules.parse(value))
