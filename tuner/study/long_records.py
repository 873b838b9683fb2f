"""Lists and mappings of trials are stored as system attributes, so that pages of Optuna show lines and no records.

Curves, signals, versions: what is above the storage finds them among the user attributes, where earlier versions put
them.
"""

from collections.abc import Mapping
from copy import copy
from typing import Any

from optuna.trial import FrozenTrial

PREFIX = "tuner:record:"  # how the system attributes begin that are records

Attributes = dict[str, Any]


def is_record(value: Any) -> bool:
    """Whether a value is a list or a mapping."""
    return isinstance(value, list | tuple | Mapping)


def is_text_of_record(text: str) -> bool:
    """Whether a JSON text is that of a list or a mapping."""
    return text[:1] in ("[", "{")


def stored(user: Mapping[str, Any], system: Mapping[str, Any]) -> tuple[Attributes, Attributes]:
    """User and system attributes as the database has them."""
    records = {f"{PREFIX}{name}": value for name, value in user.items() if is_record(value)}
    return {name: value for name, value in user.items() if not is_record(value)}, {**system, **records}


def shown(user: Attributes, system: Attributes) -> tuple[Attributes, Attributes]:
    """User and system attributes as everything but the database has them."""
    records = {name.removeprefix(PREFIX): value for name, value in system.items() if name.startswith(PREFIX)}
    if not records:
        return user, system
    rest = {name: value for name, value in system.items() if not name.startswith(PREFIX)}
    return {**user, **records}, rest


def with_records_stored(trial: FrozenTrial) -> FrozenTrial:
    """A copy of a trial with its attributes as the database has them."""
    changed = copy(trial)
    changed.user_attrs, changed.system_attrs = stored(trial.user_attrs, trial.system_attrs)
    return changed


def with_records_shown(trial: FrozenTrial) -> FrozenTrial:
    """A trial from the database, changed in place."""
    trial.user_attrs, trial.system_attrs = shown(trial.user_attrs, trial.system_attrs)
    return trial
