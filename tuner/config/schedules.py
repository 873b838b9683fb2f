"""Linear schedules as text: `lin_3e-4` falls to zero, as in rl_zoo3; `lin_3e-4_1e-5` goes from one to the other."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

_NUMBER = r"(\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)"
_LINE = re.compile(rf"lin_{_NUMBER}(?:_{_NUMBER})?")
EXAMPLES = "lin_3e-4 (linear to zero) or lin_3e-4_1e-5 (linear from one to the other)"


@dataclass(frozen=True, kw_only=True)
class Linear:
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
