"""Linear schedules: as text, as separate parameters that a space can search, and in the forms that rl_zoo3 supports.

`lin_3e-4` falls to zero, as in rl_zoo3; `lin_3e-4_1e-5` goes from one to the other.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tuner.record_type import Record

_NUMBER = r"(\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)"
_LINE = re.compile(rf"lin_{_NUMBER}(?:_{_NUMBER})?")
# The arguments that may follow a schedule, of all algorithms; a test compares them with the algorithms' table.
SCHEDULED = ("learning_rate", "clip_range", "clip_range_vf", "ent_coef")
FORM, END = "_schedule", "_final"  # suffixes of the parameters that describe an argument's schedule
PARTS = {name + part for name in SCHEDULED for part in (FORM, END)}
CONSTANT, LINEAR = "constant", "linear"
KNOWN = ("learning_rate", "clip_range", "clip_range_vf")  # arguments for which rl_zoo3 reads `lin_X`
EXAMPLES = "lin_3e-4 (linear to zero) or lin_3e-4_1e-5 (linear from one to the other)"


class Linear(Record):
    """A value that changes linearly from `start` to `end` over the steps of a training run."""

    start: float
    end: float = 0.0

    def __str__(self) -> str:
        """The notation in full precision."""
        return self.text(repr)

    def shown(self) -> str:
        """The notation in four significant digits, for tables."""
        return self.text(lambda value: f"{value:.4g}")

    def text(self, number: Callable[[float], str]) -> str:
        """The notation, with numbers formatted by `number`."""
        start, end = float(self.start), float(self.end)
        return f"lin_{number(start)}" + (f"_{number(end)}" if end else "")

    def mean(self) -> float:
        """The value halfway."""
        return (self.start + self.end) / 2


def parse(value: object) -> Linear | None:
    """The schedule that `value` denotes, None if it is not a schedule."""
    found = _LINE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    start, end = (float(part or 0.0) for part in found.groups())
    return Linear(start=start, end=end) if math.isfinite(start) and math.isfinite(end) else None


def shown(value: object) -> str:
    """A value in four significant digits; `-` for None."""
    if value is None:
        return "-"
    if isinstance(value, list):
        return "x".join(map(str, value)) or "none"
    if (line := parse(value)) is not None:
        return line.shown()
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def part_of(name: str) -> str | None:
    """The argument to whose schedule a parameter belongs, None if it belongs to none."""
    return next((argument for argument in SCHEDULED if name in (argument + FORM, argument + END)), None)


def put_together(values: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments with the parts of every schedule joined into its notation, such as `lin_3e-4_1e-5`."""
    whole = dict(values)
    for name in SCHEDULED:
        form, end = whole.pop(name + FORM, None), whole.pop(name + END, None)
        start = whole.get(name)
        linear = form == LINEAR or (form is None and end is not None)
        if linear and isinstance(start, int | float):
            whole[name] = start if start == (end or 0.0) else str(Linear(start=start, end=end or 0.0))
    return whole


def taken_apart(values: Mapping[str, Any], parameters: Mapping[str, Any], fixed: Mapping[str, Any]) -> dict[str, Any]:
    """A baseline's values with schedules split into parts, for arguments whose schedule parts the space has.

    Args:
        values: Arguments; schedules in either form. A number alone means constant.
        parameters: The searched parameters of the space.
        fixed: The fixed values of the space.
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
    """The parts that keep an argument constant at `value`, if the space has schedule parts for it."""
    if name + FORM in known:
        return {name + FORM: CONSTANT}
    return {name + END: value} if name + END in known else {}


def _searches_numbers(parameter: Any) -> bool:
    choices = getattr(parameter, "choices", ())
    return parameter is not None and not any(isinstance(choice, str) for choice in choices)


def value_faults(values: Mapping[str, Any], path: str, others: Mapping[str, Any]) -> Iterator[str]:
    """A line for every schedule part among `values` that does not fit its argument, in `values` or `others`."""
    for part in values:
        name = part_of(part)
        if name is None:
            continue
        start = values.get(name, others.get(name))
        if start is None:
            yield f"{path}.{part}: needs {name} as well, the value that the schedule starts from"
        elif isinstance(start, str):
            yield f"{path}.{part}: {name} already is a whole schedule, {start!r}; use one or the other"


def space_faults(parameters: Mapping[str, Any], fixed: Mapping[str, Any]) -> Iterator[str]:
    """A line for every problem of the schedule parts that a space searches or fixes."""
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
    """A value that a parameter may have: text if one of its choices is text."""
    choices = getattr(parameter, "choices", ())
    return next((choice for choice in choices if isinstance(choice, str)), 0.0)


def simplified(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments with every schedule that rl_zoo3 does not support replaced by the closest value that it does."""
    return {name: _simplified(name, value) for name, value in arguments.items()}


def replaced(arguments: Mapping[str, Any]) -> dict[str, str]:
    """The schedules, in our notation, that rl_zoo3 does not support."""
    simple = simplified(arguments)
    return {name: str(value) for name, value in arguments.items() if value != simple[name]}


def note(arguments: Mapping[str, Any], command: str) -> str:
    """A note on schedules that were replaced for rl_zoo3 and how to train with the originals; empty if none was.

    Args:
        arguments: The arguments that were trained with.
        command: The command that exports them unchanged.
    """
    simple = simplified(arguments)
    changes = [f"{name} = {value} (here {simple[name]})" for name, value in replaced(arguments).items()]
    if not changes:
        return ""
    return f"rl_zoo3 has no notation for {', '.join(changes)}; reproduce the original: {command}"


def _simplified(name: str, value: Any) -> Any:
    line = parse(value)
    if line is None or (name in KNOWN and not line.end):
        return value
    # A line to zero is off by at most `end`, the constant mean by at most half the distance from start to end.
    if name in KNOWN and line.end < abs(line.start - line.end) / 2 and line.start:
        return str(Linear(start=line.start))
    return line.mean()
