"""Helpers of the benchmark scripts: alternating rounds, plain tables, results as JSON."""

import argparse
import importlib.metadata
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tuner.trial import cpu

PACKAGES = ("numpy", "torch", "stable-baselines3")
GAP = "  "


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Median, smallest and largest of some figures."""

    median: float
    min: float
    max: float


@dataclass(frozen=True, kw_only=True)
class Rounds:
    """The seconds of each contestant, by round, in the order in which they were named."""

    seconds: dict[str, list[float]]

    def spread(self, name: str) -> Spread:
        """The spread of one contestant's seconds."""
        return spread(self.seconds[name])

    def ratios(self, name: str, other: str) -> list[float]:
        """Seconds of `name` over those of `other`, by round, since runs close in time share the machine's load."""
        return [mine / theirs for mine, theirs in zip(self.seconds[name], self.seconds[other], strict=True)]

    def ratio(self, name: str, other: str) -> Spread:
        """The spread of the ratios of all rounds."""
        return spread(self.ratios(name, other))


def alternate(
    contestants: Mapping[str, Callable[[], object]],
    rounds: int,
    *,
    warm_up: bool = True,
    clock: Callable[[], float] = time.perf_counter,
) -> Rounds:
    """Runs the contestants in turn, A B A B …, and times each run.

    Args:
        contestants: What to run, by name.
        rounds: How often each runs.
        warm_up: Whether each runs once before, for imports and first calls, and is not counted.
        clock: Seconds.
    """
    if rounds < 1:
        raise ValueError(f"rounds is {rounds}, and must be at least 1")
    if warm_up:
        for contestant in contestants.values():
            contestant()
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, contestant in contestants.items():
            begun = clock()
            contestant()
            seconds[name].append(clock() - begun)
    return Rounds(seconds=seconds)


def spread(values: Sequence[float]) -> Spread:
    """Median, smallest and largest."""
    return Spread(median=statistics.median(values), min=min(values), max=max(values))


def table(rows: Sequence[Mapping[str, object]], digits: int = 3) -> str:
    """Rows of the same keys as aligned text: the keys on top, words to the left, numbers to the right.

    Args:
        rows: At least one.
        digits: Significant ones of a float.
    """
    names = list(rows[0])
    cells = [[_cell(row[name], digits) for name in names] for row in rows]
    widths = [max(len(name), *(len(row[column]) for row in cells)) for column, name in enumerate(names)]
    right = [not isinstance(rows[0][name], str) for name in names]
    lines = [names, *cells]
    return "\n".join(
        GAP.join(
            cell.rjust(width) if number else cell.ljust(width)
            for cell, width, number in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in lines
    )


def _cell(value: object, digits: int) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 10**digits else f"{value:.{digits}g}"
    return "-" if value is None else str(value)


def machine() -> dict[str, Any]:
    """The machine and versions of the measurement."""
    return {
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in PACKAGES},
        "cores": len(os.sched_getaffinity(0)),
        "cpu": cpu(),
    }


def write_json(path: Path, results: Sequence[Mapping[str, Any]]) -> None:
    """Writes the results and the machine, atomically."""
    data = {"results": [dict(row) for row in results], "machine": machine()}
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        unfinished.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def parser(description: str | None, *, rounds: int | None = None) -> argparse.ArgumentParser:
    """A parser with the options common to all benchmarks; `--rounds` only if it has a default."""
    made = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--quick", action="store_true", help="a first look: less of everything, coarser figures")
    made.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    if rounds is not None:
        made.add_argument(
            "--rounds", type=positive, default=rounds, metavar="N", help=f"alternations (default {rounds})"
        )
    return made


def positive(text: str) -> int:
    """A whole number above 0, as an argument's type."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is not at least 1")
    return value
