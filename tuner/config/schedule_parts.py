"""A schedule in parts, as a space searches it (start, form, last value), and put together, as a trial runs it."""

from collections.abc import Iterator, Mapping
from typing import Any

from tuner.config import schedules
from tuner.config.arguments import CONSTANT, END, FORM, LINEAR, NAMES
from tuner.config.schedules import Linear

# The arguments of any algorithm that may follow a schedule.
SCHEDULED = list(dict.fromkeys(name for names in NAMES.values() for name in names if name + FORM in names))


def part_of(name: str) -> str | None:
    """The argument whose schedule a name is a part of, None where it is none."""
    return next((argument for argument in SCHEDULED if name in (argument + FORM, argument + END)), None)


def put_together(values: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments with the parts of every schedule as one value in its notation: `lin_3e-4_1e-5`."""
    whole = dict(values)
    for name in SCHEDULED:
        form, end = whole.pop(name + FORM, None), whole.pop(name + END, None)
        start = whole.get(name)
        linear = form == LINEAR or (form is None and end is not None)
        if linear and isinstance(start, int | float):
            whole[name] = start if start == (end or 0.0) else str(Linear(start=start, end=end or 0.0))
    return whole


def taken_apart(values: Mapping[str, Any], parameters: Mapping[str, Any], fixed: Mapping[str, Any]) -> dict[str, Any]:
    """A baseline's values in the terms of a space: schedules in parts where it searches or fixes any of them.

    Args:
        values: Arguments; a schedule in either form. A number alone means that it stays.
        parameters: What the space searches.
        fixed: What it fixes.
    """
    parted = dict(values)
    for name in SCHEDULED:
        known = parameters.keys() | fixed.keys()
        line = schedules.parse(parted.get(name))
        if name + FORM in values or name + END in values or name not in values:
            continue
        if line is None:
            parted |= _staying(name, parted[name], known)
        elif known & {name + FORM, name + END} or _searches_numbers(parameters.get(name)):
            parted |= {name: line.start, name + FORM: LINEAR, name + END: line.end}
    return parted


def _staying(name: str, value: Any, known: set[str]) -> dict[str, Any]:
    """The parts of a schedule that stays at `value`, where the space would have it move otherwise."""
    if name + FORM in known:
        return {name + FORM: CONSTANT}
    return {name + END: value} if name + END in known else {}


def _searches_numbers(parameter: Any) -> bool:
    choices = getattr(parameter, "choices", ())
    return parameter is not None and not any(isinstance(choice, str) for choice in choices)


def value_faults(values: Mapping[str, Any], path: str, others: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the parts of schedules among `values`, given the other values that go with them."""
    for part in values:
        name = part_of(part)
        if name is None:
            continue
        start = values.get(name, others.get(name))
        if start is None:
            yield f"{path}.{part}: needs {name} as well, the value that the schedule starts from"
        elif isinstance(start, str):
            yield f"{path}.{part}: {name} holds whole schedules, {start!r}; one or the other"


def space_faults(parameters: Mapping[str, Any], fixed: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the parts of schedules that a space searches or fixes, a line each."""
    typical = {name: _typical(parameter) for name, parameter in parameters.items()}
    yield from value_faults(typical, "parameters", fixed)
    yield from value_faults(fixed, "fixed", typical)
    for name in SCHEDULED:
        form, end = parameters.get(name + FORM), parameters.get(name + END)
        if fixed.get(name + FORM) == CONSTANT and end is not None:
            yield f"parameters.{name}{END}: is never used, since {name}{FORM} is {CONSTANT}"
        if form is not None and end is not None and dict(end.when).get(name + FORM) != (LINEAR,):
            yield (
                f"parameters.{name}{END}: is of use only where {name}{FORM} is {LINEAR}; "
                f"add `when: {{{name}{FORM}: [{LINEAR}]}}`"
            )


def _typical(parameter: Any) -> Any:
    """A value that a parameter may have: text where it may be text."""
    choices = getattr(parameter, "choices", ())
    return next((choice for choice in choices if isinstance(choice, str)), 0.0)
