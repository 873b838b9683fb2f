"""Writes several changes of one trial in one transaction."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from optuna.distributions import BaseDistribution, distribution_to_json
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages._rdb import models
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import Connection, Table, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Engine

from tuner.record_type import Record
from tuner.study.long_records import PREFIX, is_text_of_record

INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
TRIALS: Table = models.TrialModel.__table__
KEYS = {  # the table of each part of a trial, and the column that identifies its rows
    "params": (models.TrialParamModel.__table__, "param_name"),
    "reports": (models.TrialIntermediateValueModel.__table__, "step"),
    "user_attrs": (models.TrialUserAttributeModel.__table__, "key"),
    "system_attrs": (models.TrialSystemAttributeModel.__table__, "key"),
    "values": (models.TrialValueModel.__table__, "objective"),
}

Rows = list[dict[str, Any]]


class End(Record):
    """The end of a trial."""

    state: TrialState
    values: list[float] | None
    at: datetime  # local time without a zone, as in Optuna

    def is_of(self, trial: FrozenTrial) -> bool:
        """Whether a trial has this state and these values."""
        return trial.state == self.state and (self.values is None or trial.values == self.values)


@dataclass(kw_only=True)
class Changes:
    """Changes of one running or waiting trial. Writing them twice has the same effect."""

    trial_id: int
    params: dict[str, tuple[float, BaseDistribution]] = field(default_factory=dict)  # as Optuna stores them
    reports: dict[int, float] = field(default_factory=dict)
    user_attrs: dict[str, str] = field(default_factory=dict)  # JSON
    system_attrs: dict[str, str] = field(default_factory=dict)  # JSON
    end: End | None = None


def write(engine: Engine, changes: Changes) -> None:
    """Writes to Optuna's tables in one transaction what Optuna's storage would write call by call.

    Raises:
        UpdateFinishedTrialError: if the trial has ended.
        KeyError: if there is no such trial.
    """
    with engine.begin() as connection:
        _refuse_finished(connection, changes.trial_id)
        for name, rows in _rows(changes).items():
            if rows:
                connection.execute(_upsert(engine.dialect.name, name), rows)
        if changes.end is not None:
            ended = {
                "state": changes.end.state,
                "datetime_complete": changes.end.at.astimezone(UTC).replace(tzinfo=None),
            }
            connection.execute(update(TRIALS).where(TRIALS.c.trial_id == changes.trial_id).values(ended))


def widen(engine: Engine, study_id: int, ranges: Mapping[str, BaseDistribution]) -> None:
    """Writes, in one transaction, wider ranges into the parameters of all trials of a study."""
    params, of_study = KEYS["params"][0], select(TRIALS.c.trial_id).where(TRIALS.c.study_id == study_id)
    with engine.begin() as connection:
        for name, distribution in ranges.items():
            ours = (params.c.param_name == name) & params.c.trial_id.in_(of_study)
            connection.execute(update(params).where(ours).values(distribution_json=distribution_to_json(distribution)))


def _refuse_finished(connection: Connection, trial_id: int) -> None:
    query = select(TRIALS.c.state).where(TRIALS.c.trial_id == trial_id).with_for_update()
    state = connection.execute(query).scalar_one_or_none()
    if state is None:
        raise KeyError(f"there is no trial {trial_id}")
    if state.is_finished():
        raise UpdateFinishedTrialError(f"trial {trial_id} has ended and cannot be changed")


def _rows(changes: Changes) -> dict[str, Rows]:
    """The rows to write, by the names in `KEYS`."""
    trial = {"trial_id": changes.trial_id}
    report = models.TrialIntermediateValueModel.intermediate_value_to_stored_repr
    result = models.TrialValueModel.value_to_stored_repr
    values, own = changes.end.values or [] if changes.end else [], changes.user_attrs
    records = {f"{PREFIX}{key}": text for key, text in own.items() if is_text_of_record(text)}
    return {
        "params": [
            {**trial, "param_name": name, "param_value": value, "distribution_json": distribution_to_json(distribution)}
            for name, (value, distribution) in changes.params.items()
        ],
        "reports": [
            {**trial, "step": step, **_named("intermediate_value", report(value))}
            for step, value in changes.reports.items()
        ],
        "user_attrs": _attributes(trial, {key: text for key, text in own.items() if not is_text_of_record(text)}),
        "system_attrs": _attributes(trial, {**changes.system_attrs, **records}),
        "values": [
            {**trial, "objective": index, **_named("value", result(value))} for index, value in enumerate(values)
        ],
    }


def _attributes(trial: dict[str, Any], texts: Mapping[str, str]) -> Rows:
    return [{**trial, "key": key, "value_json": text} for key, text in texts.items()]


def _named(name: str, stored: tuple[float | None, Any]) -> dict[str, Any]:
    """A number as Optuna stores it: NaN and infinity are marked in the type column."""
    value, kind = stored
    return {name: value, f"{name}_type": kind}


@functools.cache
def _upsert(dialect: str, name: str) -> Any:
    """A statement that inserts rows, or updates existing ones."""
    table, key = KEYS[name]
    made = INSERTS[dialect](table)  # the dialects' classes share no base with `on_conflict_do_update`
    unique = ("trial_id", key)
    others = [column.name for column in table.columns if not column.primary_key and column.name not in unique]
    return made.on_conflict_do_update(
        index_elements=list(unique), set_={column: made.excluded[column] for column in others}
    )
