"""What an environment says of success and distance in `info`, read by one rule everywhere. Imports no torch."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from tuner.errors import EnvironmentFailed
from tuner.record_type import Record
from tuner.records import DISTANCE, SUCCESS, Aggregate, Signals

When = Literal["end", "any"]

WHOLE = 1 - 1e-6  # a number under this is no success: half of a task is a failure


class Told(Record):
    """What an episode said; None where it said nothing."""

    success: bool | None
    start_distance: float | None
    distance: float | None  # at the end


def success(info: Mapping[str, Any], key: str = SUCCESS, at_least: float | None = None) -> bool | None:
    """Whether an entry says success.

    A number is a success from `at_least` on; by default from 1, so that a fraction is a failure. Arrays of one value
    count as that value.

    Returns:
        None where the entry is missing, null or NaN.

    Raises:
        EnvironmentFailed: where it is neither a flag nor a number.
    """
    value = info.get(key)
    if value is None or isinstance(value, bool):
        return value
    number = single(value)
    if number is None:
        raise EnvironmentFailed(f"info[{key!r}] must be a flag or one number, not {_brief(value)}")
    return None if math.isnan(number) else number >= (WHOLE if at_least is None else at_least)


def distance(info: Mapping[str, Any], key: str = DISTANCE) -> float | None:
    """A distance; None where the entry is missing or is no finite number."""
    value = info.get(key)
    number = value if isinstance(value, float) else None if value is None else single(value)
    return number if number is not None and math.isfinite(number) else None


def single(value: Any) -> float | None:
    """The number that a value is, or that an array of one value has; None for anything else."""
    try:
        array = np.asarray(value)
    except (TypeError, ValueError, RuntimeError):  # RuntimeError: of a tensor on a GPU, or with a gradient
        return None
    return float(array.reshape(()).item()) if array.size == 1 and array.dtype.kind in "biuf" else None


def number(info: Mapping[str, Any], key: str) -> float:
    """The number, or flag, of an entry at an episode's end, for an objective.

    Raises:
        EnvironmentFailed: where it is missing or no finite number, naming the numbers that there are.
    """
    value = single(info.get(key))
    if value is not None and math.isfinite(value):
        return value
    told = f"is {_brief(info[key])}" if key in info else "is missing"
    there = sorted(name for name in info if "." not in name and single(info[name]) is not None)
    raise EnvironmentFailed(
        f"objective: info[{key!r}] {told} at an episode's end; numbers there: {', '.join(there) or 'none'}"
    )


def entry_of(objective: str) -> str | None:
    """The key of `info` that an objective reads; None for the others."""
    return objective.removeprefix("info:") if objective.startswith("info:") else None


def aggregated(values: Sequence[float], aggregate: Aggregate) -> float:
    """The score of an evaluation from a figure of each episode; the higher the better."""
    scores = -np.array(values) if aggregate.minimize else np.array(values)
    return float(np.mean(scores) if aggregate.quantile is None else np.quantile(scores, aggregate.quantile))


def _brief(value: Any) -> str:
    shape = np.shape(value) if not isinstance(value, str | bytes) else ()
    return f"values of shape {shape}" if shape else repr(value)[:60]


def decide(
    episodes: Iterable[Told], *, success_key: str | None = None, when: When = "end", at_least: float | None = None
) -> Signals:
    """How success and distance are to be read from now on, by what some episodes said.

    Success counts where any of them told it, or where its key was named. Distance breaks ties where all of them told
    it, at the start and at the end.

    Args:
        episodes: What they said.
        success_key: The key of `info`, where the user named it.
        when: `end`, or `any` for success at any step.
        at_least: From where on a number is a success.
    """
    found = list(episodes)
    told = success_key is not None or any(one.success is not None for one in found)
    measured = bool(found) and all(one.start_distance is not None and one.distance is not None for one in found)
    key, tie_break = (success_key or SUCCESS) if told else None, DISTANCE if measured else None
    return Signals(success=key, when=when, distance=tie_break, at_least=at_least)
