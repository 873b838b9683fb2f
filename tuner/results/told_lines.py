"""What the dashboard shows as attributes of trials and studies: a dozen lines, in words and with units."""

from collections.abc import Mapping
from typing import Any

from tuner.config.algorithms import title
from tuner.config.model import StudySpec
from tuner.study.history import light
from tuner.study.rows import Row

Lines = dict[str, str | float]
OPEN = ("waiting", "running")


def trial_lines(row: Row, spec: StudySpec) -> Lines:
    """A trial's attributes; what is a number can be sorted by."""
    found = row.attributes
    lines: dict[str, Any] = {
        "configuration": row.label if row.role or row.repeat_of is not None else None,
        "repeat of": None if row.repeat_of is None else f"trial {row.repeat_of}",
        "retry of": None if (again := found.get("retry_of")) is None else f"trial {again}",
        "run for": found.get("phase"),
        "success": share(row.success),
        **{f"reached {name}": share(value) for name, value in row.milestones.items()},
        "return": rounded(found.get("return")),
        "final distance": rounded(found.get("distance")),
        "seed": row.seed,
        "environment steps": row.steps or None,
        "seconds": rounded(row.seconds),
        "training steps/s": rounded(found.get("steps_per_second")),
        "steps an episode": rounded(row.episode_length),
        "episodes at their time limit": share(found.get("timeout_share")),
        "health": health_words(found),
        "ended": ending(row, spec) if row.state in ("pruned", "fail") else None,
    }
    return {name: value for name, value in lines.items() if value is not None}


def study_lines(spec: StudySpec, stored: Mapping[str, Any], *, confirms: bool) -> Lines:
    """A study's attributes: what is searched, by what, and what a trial is."""
    lines: dict[str, Any] = {
        "confirms": f"study {spec.name}" if confirms else None,
        "environment": spec.environment.id,
        "algorithm": title(spec.algorithm),
        "search space": None if confirms else f"{spec.space_name}, {len(spec.space.parameters)} parameters",
        "score": spec.objective.words or spec.objective.metric,
        "a trial": f"{spec.timesteps:,} environment steps, {len(spec.plan())} evaluations",
        "an evaluation": f"{spec.goals.early} episodes, {spec.goals.late} in the last ones",
        "trials asked for": None if confirms else spec.trials,
        "sampler and pruner": None if confirms else f"{spec.sampler}, {spec.pruner}",
        "baselines": ", ".join(spec.baselines) or None,
        "changed": stored.get("changed"),
        "tuner": stored.get("tuner"),
    }
    return {name: value for name, value in lines.items() if value is not None}


def share(value: float | None) -> str | None:
    """`86 %`."""
    return None if value is None else f"{100 * value:.0f} %"


def rounded(value: float | None) -> float | None:
    """A number in four digits."""
    return None if value is None else float(f"{value:.4g}")


def health_words(found: Mapping[str, Any]) -> str | None:
    """`warning: gamma, time-outs`, or the verdict alone; None where no training signals were recorded."""
    verdict = found.get("diagnosis")
    names = ", ".join(problems(found))
    return None if verdict is None else f"{verdict.partition(' ')[0]}: {names}" if names else "ok"


def problems(found: Mapping[str, Any]) -> dict[str, str]:
    """What a trial's diagnosis found wrong, each with its suggestion, by the signal's name."""
    prefix = "diagnosis "
    return {name.removeprefix(prefix): str(text) for name, text in light(found).items() if name.startswith(prefix)}


def ending(row: Row, spec: StudySpec) -> str:
    """Why a trial ended early."""
    reasons = (row.attributes.get(name) for name in ("interrupted", "failure", "reason"))
    if said := next((str(reason) for reason in reasons if reason), ""):
        return said
    return f"{spec.pruner} pruner, after {row.steps:,} of {spec.timesteps:,} steps" if row.state == "pruned" else ""
