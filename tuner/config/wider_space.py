"""Whether a study's space only grew."""

from typing import Any

from tuner.config.model import StudySpec
from tuner.config.parameters import ChoiceParameter


def grown(before: StudySpec, now: StudySpec) -> tuple[str, ...]:
    """The parameters whose ranges grew, where nothing else of the space differs; none otherwise."""
    old, new = before.space, now.space
    if old.parameters.keys() != new.parameters.keys() or old.fixed != new.fixed:
        return ()
    changed = [name for name, parameter in new.parameters.items() if parameter != old.parameters[name]]
    return tuple(changed) if all(_grew(old.parameters[name], new.parameters[name]) for name in changed) else ()


def _grew(old: Any, new: Any) -> bool:
    """Whether a range has all the values of the one before. Optuna's choices cannot change."""
    if type(old) is not type(new) or isinstance(new, ChoiceParameter):
        return False
    rest = ("low", "high")
    same_kind = old.model_dump(exclude={*rest}) == new.model_dump(exclude={*rest})
    return same_kind and bool(new.low <= old.low and new.high >= old.high)
