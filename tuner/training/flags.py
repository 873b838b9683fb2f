"""What an episode's last `info` says is true or false."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tuner.errors import EnvironmentFailed


def flag(info: Mapping[str, Any], key: str, *, asked_by: str) -> bool:
    """Whether `info[key]` is true.

    Raises:
        EnvironmentFailed: where `info` does not tell; names who asked, and what it does tell.
    """
    if key in info and _is_flag(info[key]):
        return bool(info[key])
    told = f"is {info[key]!r}" if key in info else "is missing"
    valid = ", ".join(sorted(name for name, value in info.items() if _is_flag(value) and "." not in name))
    raise EnvironmentFailed(
        f"{asked_by}: info[{key!r}] {told} at an episode's end; true or false there: {valid or 'nothing'}"
    )


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool | np.bool_)
