"""Schedules for rl_zoo3, which knows one form: linear to zero, of the learning rate and the clip ranges."""

from collections.abc import Mapping
from typing import Any

from tuner.config.schedules import Linear, parse

KNOWN = ("learning_rate", "clip_range", "clip_range_vf")  # where rl_zoo3 reads `lin_X`


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
