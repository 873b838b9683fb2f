"""A trial as trackers show a run: a name, parameters, curves over environment steps, final values and tags."""

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tuner.record_type import Record

CURVE = ("score", "success", "return", "distance", "difficulty")
FINAL = (
    "value", "success", "return", "distance", "timeout_share", "episode_length", "steps", "seconds", "steps_per_second",
)  # fmt: skip
TAGS = (
    "study", "trial", "state", "role", "repeat_of", "retry_of", "seed", "environment", "algorithm", "diagnosis",
    "reason", "id",
)  # fmt: skip


class TrackedRun(Record):
    """One trial."""

    id: str
    study: str
    name: str
    state: str  # complete, pruned, fail, interrupted
    arguments: Mapping[str, Any]  # of the algorithm
    curve: Mapping[int, Mapping[str, float]]  # values by step, in order
    final: Mapping[str, float]
    tags: Mapping[str, str]  # `tuner.` before each name
    started: float  # s since 1970
    ended: float
    files: Mapping[str, str]  # paths by name


def tracked_run(trial: Mapping[str, Any]) -> TrackedRun:
    """What a tracker shows of a trial's document."""
    points: dict[int, dict[str, float]] = defaultdict(dict)
    for step, name, value in (*_evaluations(trial), *_signals(trial)):
        points[step][name] = value
    ended = trial["ended"] or 0.0
    tags = {**trial, "trial": trial["number"]}
    return TrackedRun(
        id=trial["id"],
        study=trial["study"],
        name=f"{trial['study']} trial {trial['number']}",
        state=trial["state"],
        arguments=trial["arguments"],
        curve=dict(sorted(points.items())),
        final={f"final/{name}": float(trial[name]) for name in FINAL if _is_number(trial.get(name))},
        tags={f"tuner.{name}": str(tags[name]) for name in TAGS if tags.get(name) is not None},
        started=trial["started"] or ended,
        ended=ended,
        files={name: path for name, path in trial["files"].items() if Path(path).is_file()},
    )


def _evaluations(trial: Mapping[str, Any]) -> Iterator[tuple[int, str, float]]:
    for point in trial.get("curve", ()):
        values = {name: point.get(name) for name in CURVE}
        values |= {f"milestone/{name}": share for name, share in point.get("milestones", {}).items()}
        yield from ((point["step"], name, float(value)) for name, value in values.items() if _is_number(value))


def _signals(trial: Mapping[str, Any]) -> Iterator[tuple[int, str, float]]:
    """The training's own signals, such as approx_kl, after updates."""
    health = trial.get("health", {})
    for name, series in health.get("signals", {}).items():
        for step, value in zip(health["steps"], series, strict=False):
            if _is_number(value):
                yield step, f"health/{name}", float(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def plain_name(name: str) -> str:
    """A name of letters, digits and a few signs, as trackers take them."""
    return re.sub(r"[^\w\-. /]", "_", name)
