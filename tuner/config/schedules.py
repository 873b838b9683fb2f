"""Linear schedules: as text, in the parts that a space searches, and as far as rl_zoo3 knows them.

`lin_3e-4` falls to zero, as in rl_zoo3; `lin_3e-4_1e-5` goes from one to the other.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tuner.record_type import Record

_NUMBER = r"(\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)"
_LINE = re.compile(rf"lin_{_NUMBER}(?:_{_NUMBER})?")
# The arguments of any algorithm that may follow a schedule; a test holds them to the algorithms' table.
SCHEDULED = ("learning_rate", "clip_range", "clip_range_vf", "ent_coef")
FORM, END = "_schedule", "_final"  # of a schedule's parts, after the argument's name
PARTS = {name + part for name in SCHEDULED for part in (FORM, END)}
CONSTANT, LINEAR = "constant", "linear"
KNOWN = ("learning_rate", "clip_range", "clip_range_vf")  # where rl_zoo3 reads `lin_X`
EXAMPLES = "lin_3e-4 (linear to zero) or lin_3e-4_1e-5 (linear from one to the other)"


class Linear(Record):
    """A value that moves evenly from `start` to `end` over the steps of a training run."""

    start: float
    end: float = 0.0

    def __str__(self) -> str:
        """Its notation, to the last digit."""
        return self.text(repr)

    def shown(self) -> str:
        """Its notation in four digits, for tables."""
        return self.text(lambda value: f"{value:.4g}")

    def text(self, number: Callable[[float], str]) -> str:
        """Its notation, the numbers written by `number`."""
        start, end = float(self.start), float(self.end)
        return f"lin_{number(start)}" + (f"_{number(end)}" if end else "")

    def mean(self) -> float:
        """The value half way."""
        return (self.start + self.end) / 2


def parse(value: object) -> Linear | None:
    """The schedule that `value` is the notation of, None where it is none."""
    found = _LINE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    start, end = (float(part or 0.0) for part in found.groups())
    return Linear(start=start, end=end) if math.isfinite(start) and math.isfinite(end) else None


def shown(value: object) -> str:
    """A value in four digits; `-` for none."""
    if value is None:
        return "-"
    if isinstance(value, list):
        return "x".join(map(str, value)) or "none"
    if (line := parse(value)) is not None:
        return line.shown()
    return f"{value:.4g}" if isinstance(value, float) else str(value)


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
        line = parse(parted.get(name))
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


def simplified(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments with every schedule as rl_zoo3 can follow it: as it is, or what strays least from it."""
    return {name: _simplified(name, value) for name, value in arguments.items()}


def replaced(arguments: Mapping[str, Any]) -> dict[str, str]:
    """The schedules, in our notation, that rl_zoo3 cannot follow."""
    simple = simplified(arguments)
    return {name: str(value) for name, value in arguments.items() if value != simple[name]}


def note(arguments: Mapping[str, Any], command: str) -> str:
    """What is not as it ran, what stands there instead and how to have it as it ran; nothing where all is.

    Args:
        arguments: As they ran.
        command: What exports them as they ran.
    """
    simple = simplified(arguments)
    changes = [f"{name} = {value} (here {simple[name]})" for name, value in replaced(arguments).items()]
    if not changes:
        return ""
    return f"rl_zoo3 has no notation for {', '.join(changes)}; training as it ran: {command}"


def _simplified(name: str, value: Any) -> Any:
    line = parse(value)
    if line is None or (name in KNOWN and not line.end):
        return value
    # To zero it strays by `end` at the most, at the mean by half the way from start to end.
    if name in KNOWN and line.end < abs(line.start - line.end) / 2 and line.start:
        return str(Linear(start=line.start))
    return line.mean()
