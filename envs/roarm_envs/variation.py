"""Domain randomisation from episode to episode: the quantities that may vary, their ranges, and drawing them."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from roarm_envs.arm_errors import OptionError


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """A quantity that may vary: its allowed range, and the default range, suggested by the real arm."""

    low: float
    high: float
    usual: tuple[float, float]
    unit: str
    whole: bool = False
    thing: bool = False  # of the object, not of the arm


QUANTITIES = {
    "delay": Quantity(low=0, high=3, usual=(0, 3), unit="control steps", whole=True),
    "encoder_noise": Quantity(low=0.0, high=0.05, usual=(0.0, 0.003), unit="rad"),  # standard deviation; two counts
    "backlash": Quantity(low=0.0, high=0.05, usual=(0.0, 0.017), unit="rad"),  # whole play; measured 0.9 to 1.0 degrees
    "joint_friction": Quantity(low=0.0, high=0.5, usual=(0.0, 0.2), unit="N m"),
    "payload": Quantity(low=0.0, high=0.2, usual=(0.0, 0.05), unit="kg"),  # at the tool point
    "object_edge": Quantity(low=0.02, high=0.03, usual=(0.02, 0.03), unit="m", thing=True),  # in whole millimetres
    "object_mass": Quantity(low=0.005, high=0.1, usual=(0.01, 0.05), unit="kg", thing=True),
    "object_friction": Quantity(low=0.3, high=1.5, usual=(0.5, 1.0), unit="", thing=True),
}


Ranges = dict[str, tuple[float, float]]


def parse(variation: bool | Mapping[str, Sequence[float]], *, things: bool) -> Ranges:
    """The ranges from the option `variation`: true for all default ranges, or a range for each name.

    Raises:
        OptionError: naming the option, its value and the rule.
    """
    offered = {name: row for name, row in QUANTITIES.items() if things or not row.thing}
    if isinstance(variation, bool):
        return {name: row.usual for name, row in offered.items()} if variation else {}
    if not isinstance(variation, Mapping):
        raise OptionError(f"variation: {variation!r} must be true, false or a range for each of {', '.join(offered)}")
    for name in variation:
        if name not in offered:
            raise OptionError(f"variation: {name!r} cannot vary here; valid: {', '.join(offered)}")
    return {name: _range(name, offered[name], variation[name]) for name in offered if name in variation}


def _range(name: str, row: Quantity, value: Any) -> tuple[float, float]:
    rule = f"variation: {name}: {value!r} must be two numbers from {row.low:g} to {row.high:g} {row.unit}".rstrip()
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != 2:
        raise OptionError(rule + ", the lower first")
    for end in value:
        if isinstance(end, bool) or not isinstance(end, int | float) or not -1e9 < end < 1e9:
            raise OptionError(rule + ", the lower first")
    low, high = value
    if not row.low <= low <= high <= row.high:
        raise OptionError(rule + ", the lower first")
    if row.whole and not (float(low).is_integer() and float(high).is_integer()):
        raise OptionError(rule + ", whole numbers")
    return low, high


def draw(ranges: Ranges, rng: np.random.Generator) -> dict[str, float]:
    """One value for each range, uniformly distributed."""
    drawn: dict[str, float] = {}
    for name, (low, high) in ranges.items():
        if QUANTITIES[name].whole:
            drawn[name] = int(rng.integers(int(low), int(high) + 1))
        else:
            drawn[name] = float(rng.uniform(low, high))
    if "object_edge" in drawn:
        drawn["object_edge"] = round(drawn["object_edge"], 3)  # few bodies: see `GripperSim.take_cube`
    return drawn


class Lag:
    """Delays actions by some control steps."""

    def __init__(self, steps: int, size: int) -> None:
        self._waiting = deque([[0.0] * size for _ in range(steps)])

    def pass_on(self, action: list[float]) -> list[float]:
        """Queues an action and returns the one that is due."""
        self._waiting.append(action)
        return self._waiting.popleft()
