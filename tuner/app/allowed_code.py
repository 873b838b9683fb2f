"""Which code the service runs for a submission: installed packages, and what it was told to allow."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import cache
from importlib.metadata import packages_distributions

from tuner.config.model import StudySpec
from tuner.config.named_code import NamedCode, named_code
from tuner.errors import UsageProblem

OURS = "roarm_envs"  # also where it is installed from a checkout
OWN_WRAPPERS = "tuner.wrappers"  # no other module of this package is for studies: some import what they are told


def refuse_code(spec: StudySpec, allowed: Sequence[str]) -> None:
    """Refuses a study that names code which is neither installed nor allowed.

    Args:
        spec: Of the study.
        allowed: Patterns of module names and of whole paths, in which `*` stands for anything.

    Raises:
        UsageProblem: naming the code and the option.
    """
    if refused := refused_code(spec, allowed):
        raise UsageProblem(
            f"study {spec.name!r} would import {', '.join(refused)}, which is no installed package, and this service "
            f"was not told to run it: start it with `tuner serve --allow-env {refused[0]!r}`, or a pattern with *"
        )


def refused_code(spec: StudySpec, allowed: Sequence[str]) -> list[str]:
    """What a study names that is neither installed nor allowed."""
    return [one.name for one in named_code(spec) if not _is_allowed(one, allowed)]


def told_code(spec: StudySpec) -> tuple[str, ...]:
    """What a study names beside this project's own code."""
    return tuple(one.name for one in named_code(spec) if not _is_own(one))


def _is_allowed(code: NamedCode, allowed: Sequence[str]) -> bool:
    known = _is_own(code) or code.package in _installed()
    return known or any(fnmatchcase(code.name, pattern) for pattern in allowed)


def _is_own(code: NamedCode) -> bool:
    return code.package == OURS or (code.package is not None and code.name == OWN_WRAPPERS)


@cache
def _installed() -> frozenset[str]:
    """The names of installed packages; modules of the standard library are no environments and not among them."""
    return frozenset(packages_distributions().keys() - {"tuner"})
