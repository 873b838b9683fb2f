"""Curves as an SVG drawing that needs nothing else."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 640, 320
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 12, 44  # px round the axes
MOST_TICKS = 6
NARROWEST = 1e-9  # of an axis


@dataclass(frozen=True, kw_only=True)
class Curve:
    """One line of the drawing."""

    style: str  # a class of the page's style sheet
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, kw_only=True)
class Axis:
    """One axis: its ends, whether it grows by factors, and how its numbers are said."""

    title: str
    low: float
    high: float
    log: bool = False
    say: Callable[[float], str] = "{:g}".format

    def place(self, value: float) -> float:
        """Where a value lies, from 0 to 1."""
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def ticks(self) -> list[float]:
        """Round numbers between the ends."""
        return _log_ticks(self.low, self.high) if self.log else _ticks(self.low, self.high)


def make_axis(title: str, values: Sequence[float], *, log: bool = False, say: Callable[[float], str]) -> Axis:
    """An axis that holds all the values; a linear one with a margin, from 0 where nothing is below."""
    if log:
        low, high = min(values, default=1.0), max(values, default=10.0)
        return Axis(title=title, low=low / 1.1, high=high * 1.1, log=True, say=say)
    low, high = min([*values, 0.0]), max([*values, 0.0])
    if high - low < NARROWEST:
        high = low + 1.0
    margin = 0.05 * (high - low)
    return Axis(title=title, low=low - margin if low < 0 else 0.0, high=high + margin if high > 0 else 0.0, say=say)


def draw(curves: Sequence[Curve], across: Axis, up: Axis) -> str:
    """The drawing: grid, numbers, titles, curves with a dot at every point."""
    parts = [*_grid(across, up)]
    for curve in curves:
        places = [(_x(across, x), _y(up, y)) for x, y in curve.points]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline class="curve {curve.style}" points="{line}"/>')
        parts += [f'<circle class="dot {curve.style}" cx="{x:.1f}" cy="{y:.1f}" r="2.2"/>' for x, y in places]
    return f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">{"".join(parts)}</svg>'


def _grid(across: Axis, up: Axis) -> list[str]:
    parts = []
    for tick in up.ticks():
        y = _y(up, tick)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{up.say(tick)}</text>')
    for tick in across.ticks():
        x = _x(across, tick)
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>')
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{across.say(tick)}</text>')
    middle, side = (LEFT + WIDTH - RIGHT) / 2, (TOP + HEIGHT - BOTTOM) / 2
    parts.append(f'<text x="{middle:.0f}" y="{HEIGHT - 8}" text-anchor="middle">{across.title}</text>')
    turned = f'transform="rotate(-90 12 {side:.0f})"'
    parts.append(f'<text x="12" y="{side:.0f}" text-anchor="middle" {turned}>{up.title}</text>')
    return parts


def _x(axis: Axis, value: float) -> float:
    return LEFT + axis.place(value) * (WIDTH - LEFT - RIGHT)


def _y(axis: Axis, value: float) -> float:
    return HEIGHT - BOTTOM - axis.place(value) * (HEIGHT - TOP - BOTTOM)


def _ticks(low: float, high: float) -> list[float]:
    rough = (high - low) / MOST_TICKS
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= rough)
    return [k * step for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _log_ticks(low: float, high: float) -> list[float]:
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    found = [factor * 10.0**power for power in powers for factor in (1, 2, 5)]
    inside = [tick for tick in found if low <= tick <= high]
    tens = [tick for tick in inside if round(math.log10(tick), 6) % 1 == 0]
    return inside if len(inside) <= MOST_TICKS + 2 or not tens else tens
