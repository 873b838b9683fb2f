"""Looks at what a database holds of a study before anything is made of it: it may be damaged, or edited by hand."""

import contextlib
import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from optuna import Study
from optuna.distributions import BaseDistribution, CategoricalDistribution, check_distribution_compatibility
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from tuner.config.conditions import searched
from tuner.config.space import SpaceSpec
from tuner.errors import StorageFailed, TunerError

WAY_OUT = "it is damaged or was edited: restore a copy of the database, or begin another study with --name"
NUMBERS = (
    "success",
    "distance",
    "return",
    "timeout_share",
    "episode_length",
    "success_area",
    "steps",
    "seconds",
    "steps_per_second",
    "evaluation_share",
    "seed",
    "repeat_of",
)
TEXTS = ("role", "reason", "failure", "interrupted", "lost_with", "diagnosis", "device_asked", "trainer", "arithmetic")
MAPPINGS = ("overrides", "arguments", "milestones", "versions", "hardware", "health")
KINDS: dict[str, tuple[type | tuple[type, ...], str]] = {
    **dict.fromkeys(NUMBERS, ((int, float), "a number")),
    **dict.fromkeys(TEXTS, (str, "text")),
    **dict.fromkeys(MAPPINGS, (dict, "a mapping")),
    "curve": (list, "a list"),
}


@contextlib.contextmanager
def reading(name: str) -> Iterator[None]:
    """Says of errors inside, which come from what is stored, that the study cannot be read.

    Raises:
        StorageFailed: naming the study.
    """
    try:
        yield
    except TunerError:
        raise
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        why = " ".join(f"{type(error).__name__}: {error}".split())
        raise StorageFailed(f"study {name!r} cannot be read ({why}); {WAY_OUT}") from error


def refuse_damaged(
    study: Study, space: SpaceSpec, trials: Sequence[FrozenTrial], ranges: Mapping[str, BaseDistribution]
) -> None:
    """Checks numbers, values, parameters and attributes of the trials of a study; `ranges` are those of its space.

    Raises:
        StorageFailed: naming the study, the trial and what is wrong with it.
    """
    with reading(study.study_name):
        fault = _study_fault(study) or next((one for one in _faults(space, trials, ranges)), None)
    if fault is not None:
        raise StorageFailed(f"study {study.study_name!r}: {fault}; {WAY_OUT}")


def attribute_fault(name: str, value: Any) -> str | None:
    """What is wrong with the kind of an attribute's value."""
    kind, words = KINDS.get(name, (object, ""))
    if value is not None and (not isinstance(value, kind) or (isinstance(value, bool) and kind == (int, float))):
        return f"attribute {name} is {_short(value)}, not {words}"
    if isinstance(value, list) and not all(isinstance(point, Mapping) for point in value):
        return f"attribute {name} is not a list of mappings"
    return None


def _study_fault(study: Study) -> str | None:
    if study.directions != [StudyDirection.MAXIMIZE]:
        return "its direction is not to maximise"
    seed = study.user_attrs.get("qmc_seed", 0)
    return None if isinstance(seed, int) else f"attribute qmc_seed is {_short(seed)}, not a whole number"


def _faults(space: SpaceSpec, trials: Sequence[FrozenTrial], ranges: Mapping[str, BaseDistribution]) -> Iterator[str]:
    known = dict(ranges)
    for place, trial in enumerate(trials):
        if trial.number != place:
            yield f"trial {place} is missing"
        found = [*_value_faults(trial), *_attribute_faults(trial), *_parameter_faults(space, trial, known)]
        yield from (f"trial {trial.number}: {fault}" for fault in found)


def _value_faults(trial: FrozenTrial) -> Iterator[str]:
    if trial.state == TrialState.COMPLETE and not trial.values:
        yield "it is complete and has no value"
    yield from (f"its value is {_short(value)}, not a number" for value in trial.values or () if not _number(value))
    if not all(_number(value) for value in trial.intermediate_values.values()):
        yield "a value at a checkpoint is not a number"


def _attribute_faults(trial: FrozenTrial) -> Iterator[str]:
    for name in KINDS.keys() & trial.user_attrs.keys():
        if (fault := attribute_fault(name, trial.user_attrs[name])) is not None:
            yield fault


def _parameter_faults(space: SpaceSpec, trial: FrozenTrial, known: dict[str, BaseDistribution]) -> Iterator[str]:
    """Parameters that are not what their distributions say, contradict an earlier trial's, or are missing."""
    for name, distribution in trial.distributions.items():
        value = trial.params[name]
        if not isinstance(distribution, CategoricalDistribution) and not _number(value):
            yield f"parameter {name} is {_short(value)}, not a number"
        first = known.setdefault(name, distribution)
        if first is not distribution and not _compatible(first, distribution):
            yield f"parameter {name} has another kind of range than the study's space"
    overrides = trial.user_attrs.get("overrides") or {}
    if trial.state == TrialState.COMPLETE and isinstance(overrides, dict):
        given = {**trial.params, **overrides}
        missing = [name for name in searched(space.parameters, given) if name not in given]
        yield from (f"parameter {name} is missing" for name in missing)


@functools.lru_cache(maxsize=1024)
def _compatible(first: BaseDistribution, other: BaseDistribution) -> bool:
    try:
        check_distribution_compatibility(first, other)
    except ValueError:
        return False
    return True


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}…"
