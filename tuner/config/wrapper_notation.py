"""Wrappers of an environment as text: rl_zoo3's notation of `env_wrapper`, which study files and exports share."""

import re
from typing import Annotated, Any

from pydantic import Field

COUNTS_FROM_ZERO = "tuner.wrappers.count_from_zero"  # what exports name where tuner shifts a space
RULE = "must be a path such as gymnasium.wrappers.FlattenObservation, a mapping of one path to arguments, or a list"
PATH = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*[.:][^\W\d]\w*")

Entry = str | dict[str, dict[str, Any]]
_One = str | Annotated[dict[str, dict[str, Any] | None], Field(min_length=1, max_length=1)]
AsWritten = _One | list[_One] | None


def wrapper_entries(value: Any) -> tuple[Entry, ...]:
    """A path, a mapping of one path to its arguments, or a list of these, as entries with dotted paths.

    Raises:
        ValueError: naming the value and the rule.
    """
    given = [] if value is None else list(value) if isinstance(value, list | tuple) else [value]
    return tuple(_entry(one) for one in given)


def _entry(value: Any) -> Entry:
    path, kwargs = next(iter(value.items())) if isinstance(value, dict) and len(value) == 1 else (value, None)
    if isinstance(path, str) and path.partition(":")[0].endswith(".py"):
        raise ValueError(f"{path!r} must name a module, not a file, such as my_wrappers.Scaled")
    if not isinstance(path, str) or not PATH.fullmatch(path):
        raise ValueError(f"{value!r} {RULE}")
    if kwargs is not None and not (isinstance(kwargs, dict) and all(isinstance(name, str) for name in kwargs)):
        raise ValueError(f"{path}: {kwargs!r} must be a mapping of arguments")
    dotted = path.replace(":", ".")
    return {dotted: kwargs} if kwargs else dotted


def path_and_arguments(entry: Entry) -> tuple[str, dict[str, Any]]:
    """The import path of an entry, and the keyword arguments."""
    return (entry, {}) if isinstance(entry, str) else next(iter(entry.items()))
