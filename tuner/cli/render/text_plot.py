"""Curves in plain text, for terminals and pipes alike."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 60, 8  # characters of the drawing itself
EIGHTHS = " ▁▂▃▄▅▆▇█"
COURSE = 12  # characters of a course in a line


def draw(
    steps: Sequence[float],
    values: Sequence[float],
    *,
    say: Callable[[float], str],
    bounds: tuple[float, float] | None = None,
) -> list[str]:
    """A curve over environment steps as an area of blocks, with its scale; at most 75 columns.

    Args:
        steps: Where the values are, rising.
        values: As many, finite.
        say: How a value is written at the axis.
        bounds: Of the axis; those of the values where none are given.
    """
    low, high = bounds or (min(values), max(values))
    if high <= low:
        high = low + 1.0
    places = np.linspace(0, steps[-1], WIDTH)
    levels = np.round((np.interp(places, steps, values) - low) / (high - low) * HEIGHT * 8).astype(int)
    levels[places < steps[0]] = 0
    levels[-1] = round((values[-1] - low) / (high - low) * HEIGHT * 8)
    labels = {HEIGHT - 1: say(high), 0: say(low)}
    room = max(map(len, labels.values()))
    lines = [f"{labels.get(row, ''):>{room}} │{_cells(levels, row)}".rstrip() for row in reversed(range(HEIGHT))]
    last = f"{steps[-1]:,.0f} steps"
    return [*lines, f"{'':{room}} └{'─' * WIDTH}", f"{'':{room}}  0{last:>{WIDTH - 1}}"]


def _cells(levels: NDArray[np.int_], row: int) -> str:
    """One row of the area; `levels` are its heights in eighths of a row."""
    return "".join(EIGHTHS[level] for level in np.clip(levels - 8 * row, 0, 8))


def course(values: Sequence[float]) -> str:
    """A series in one line of blocks, from its least to its largest value; nothing for fewer than two."""
    known = np.array([value for value in values if np.isfinite(value)])
    if len(known) < 2:
        return ""
    width = min(COURSE, len(known))
    means = np.array([part.mean() for part in np.array_split(known, width)])
    spread = np.ptp(means)
    levels = np.round((means - means.min()) / spread * 7).astype(int) if spread > 0 else np.zeros(width, dtype=int)
    return "".join(EIGHTHS[1 + level] for level in levels)
