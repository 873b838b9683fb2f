"""What training says of itself, update by update, kept in a few numbers."""

import itertools
from array import array
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.base_class import BaseAlgorithm

from tuner.diagnosis.bounds import KL_LIMIT

POINTS = 60  # of a series as it is stored
LIMITS = {"approx_kl": KL_LIMIT}  # signals whose every update counts, with what none should exceed


class SignalRecorder:
    """Takes the signals after every update, and hands out their course: at most `POINTS` means over even stretches."""

    def __init__(self) -> None:
        self._steps = array("q")
        self._values: dict[str, array[float]] = {}

    def add(self, step: int, values: Mapping[str, float]) -> None:
        """Takes the signals after an update; whatever is missing or not finite is a gap."""
        before = len(self._steps)
        for name in values.keys() - self._values.keys():
            self._values[name] = array("d", [np.nan] * before)
        self._steps.append(step)
        for name, series in self._values.items():
            series.append(values.get(name, np.nan))

    def record(self) -> dict[str, Any] | None:
        """The course as JSON; None before the first update.

        `steps` are those at the ends of the stretches, `signals` the means over each (None where there was no value),
        `peaks` the highest value with its step and how many updates lay over the guide's limit.
        """
        updates = len(self._steps)
        if not updates:
            return None
        edges = np.linspace(0, updates, min(updates, POINTS) + 1).astype(int)
        series = {name: _finite(values) for name, values in sorted(self._values.items())}
        return {
            "updates": updates,
            "steps": [self._steps[edge - 1] for edge in edges[1:]],
            "signals": {name: _thinned(values, edges) for name, values in series.items()},
            "peaks": {name: peak for name in LIMITS.keys() & series.keys() if (peak := self._peak(name, series[name]))},
        }

    def _peak(self, name: str, values: NDArray[np.float64]) -> dict[str, Any] | None:
        if np.isnan(values).all():
            return None
        place = int(np.nanargmax(values))
        above = int((values[~np.isnan(values)] > LIMITS[name]).sum())
        return {"value": _short(values[place]), "step": self._steps[place], "above": above}


def episode_signals(model: BaseAlgorithm) -> dict[str, float]:
    """Mean return and length of the last hundred episodes of training, as SB3 logs them under `rollout/`."""
    episodes = model.ep_info_buffer
    if not episodes:
        return {}
    count = len(episodes)
    return {
        "ep_rew_mean": sum(float(episode["r"]) for episode in episodes) / count,
        "ep_len_mean": sum(float(episode["l"]) for episode in episodes) / count,
    }


def _finite(values: "array[float]") -> NDArray[np.float64]:
    found = np.array(values)
    found[~np.isfinite(found)] = np.nan
    return found


def _thinned(values: NDArray[np.float64], edges: NDArray[np.int_]) -> list[float | None]:
    stretches = [values[begin:end] for begin, end in itertools.pairwise(edges)]
    known = [stretch[~np.isnan(stretch)] for stretch in stretches]
    return [_short(stretch.mean()) if len(stretch) else None for stretch in known]


def _short(value: float) -> float:
    """Four digits: a course is looked at, not computed with."""
    return float(f"{value:.4g}")
