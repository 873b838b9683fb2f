"""Applies to a study what the look at its environment decided."""

from typing import Any

from tuner.config.arguments import NORMALIZE
from tuner.config.model import StudySpec
from tuner.config.study_keys import FirstLook

OF_THE_RUN = ("look", "normalize_settled")  # what a stored study has beside its file's keys


def settles_normalize(spec: StudySpec) -> bool:
    """Whether the study itself says how observations and rewards are scaled."""
    return spec.normalize_settled or bool(NORMALIZE.keys() & {*spec.space.fixed, *spec.space.parameters})


def without_look(spec: StudySpec) -> StudySpec:
    """The study without what the look decided, for another environment."""
    if spec.look is None:
        return spec
    fixed = {name: value for name, value in spec.space.fixed.items() if name not in spec.look.normalize}
    return spec.model_copy(update={"look": None, "space": spec.space.model_copy(update={"fixed": fixed})})


def with_look(spec: StudySpec, look: FirstLook | None) -> StudySpec:
    """The study with the look's decisions; SB3's VecNormalize only where the study does not settle it itself."""
    if look is None:
        return spec
    scaled: dict[str, Any] = {} if settles_normalize(spec) else dict.fromkeys(look.normalize, True)
    space = spec.space.model_copy(update={"fixed": {**spec.space.fixed, **scaled}})
    return spec.model_copy(update={"look": look, "space": space})
