"""A trial's recorded training signals, and simple statistics of a series."""

from collections.abc import Mapping, Sequence
from dataclasses import field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tuner.diagnosis.bounds import FEWEST, SOLVED, WORKS
from tuner.record_type import Record
from tuner.verdicts import Line

Values = NDArray[np.float64]


class Peak(Record):
    """The highest value of one signal over all updates."""

    value: float
    step: int
    above: int  # updates over the PPO guide's limit


class TrainingRecord(Record):
    """All that a diagnosis uses. What was not recorded is empty or None."""

    algorithm: str
    arguments: Mapping[str, Any]
    updates: int = 0
    signals: Mapping[str, Values] = field(default_factory=dict)  # each (points,), NaN where there was no value
    peaks: Mapping[str, Peak] = field(default_factory=dict)
    success: Values | None = None  # share of episodes at each evaluation
    returns: Values | None = None  # mean return at each evaluation
    timeouts: float | None = None  # share of the late evaluations' episodes
    length: float | None = None  # of the late evaluations' episodes, control steps
    curriculum: bool = False  # whether the difficulty rose during training

    @cached_property
    def late_success(self) -> float | None:
        """Mean success rate of the last three evaluations; None without a success signal."""
        return None if self.success is None else float(self.success[-3:].mean())

    @cached_property
    def works(self) -> bool:
        """Whether it succeeds so often that a training signal alone is no reason to change anything."""
        return self.late_success is not None and self.late_success >= WORKS

    @property
    def longest(self) -> float | None:
        """The longest that episodes were on average, near their time limit before anything is learned; None if unknown.

        Solved episodes are short, whatever the limit of the task is.
        """
        lengths = self.known("ep_len_mean")
        known = [*([] if lengths is None else [float(lengths.max())]), *([] if self.length is None else [self.length])]
        return max(known, default=None)

    @property
    def solved(self) -> bool:
        """Whether success is so high that no signal needs to improve any more."""
        return self.late_success is not None and self.late_success >= SOLVED

    def known(self, name: str, fewest: int = 1) -> Values | None:
        """The finite values of a signal; None if they are fewer than `fewest`."""
        values = self.signals.get(name)
        if values is None:
            return None
        values = values[np.isfinite(values)]
        return values if len(values) >= fewest else None

    def trend(self, name: str) -> Values | None:
        """The finite values of a signal; None if they are too few to show a trend."""
        return self.known(name, FEWEST)


class Sign(Line):
    """One line of a diagnosis; `symptom` is the finding without figures, by which trials are counted."""

    symptom: str = ""


def read(health: Mapping[str, Any]) -> tuple[dict[str, Values], dict[str, Peak]]:
    """Series and peaks of the stored attribute `health`."""
    signals = {
        name: np.array([np.nan if value is None else value for value in values], dtype=np.float64)
        for name, values in health.get("signals", {}).items()
    }
    return signals, {name: Peak(**peak) for name, peak in health.get("peaks", {}).items()}


def run_of(algorithm: str, arguments: Mapping[str, Any], attributes: Mapping[str, Any]) -> TrainingRecord:
    """The training record of a trial from its stored attributes."""
    health = attributes.get("health", {})
    signals, peaks = read(health)
    curve: Sequence[Mapping[str, Any]] = attributes.get("curve", [])
    return TrainingRecord(
        algorithm=algorithm,
        arguments=arguments,
        updates=health.get("updates", 0),
        signals=signals,
        peaks=peaks,
        success=_column(curve, "success"),
        returns=_column(curve, "return"),
        timeouts=attributes.get("timeout_share"),
        length=attributes.get("episode_length"),
        curriculum="curriculum" in attributes,
    )


def _column(curve: Sequence[Mapping[str, Any]], name: str) -> Values | None:
    values = [point.get(name) for point in curve]
    return np.array(values, dtype=np.float64) if values and None not in values else None


def early(values: Values) -> float:
    """The mean of a series' first quarter."""
    return float(values[: _quarter(values)].mean())


def late(values: Values) -> float:
    """The mean of a series' last quarter."""
    return float(values[-_quarter(values) :].mean())


def highest(values: Values) -> float:
    """The largest mean over a window of a quarter of the series."""
    width = _quarter(values)
    return float(np.convolve(values, np.full(width, 1 / width), mode="valid").max())


def moved(values: Values) -> float:
    """Change of a series: last minus first quarter, in standard deviations; 0 if it never changed.

    A straight line has 2.6, noise around a constant rarely 1.
    """
    spread = float(values.std())
    return (late(values) - early(values)) / spread if spread > 0 else 0.0


def _quarter(values: Values) -> int:
    return max(len(values) // 4, 1)
