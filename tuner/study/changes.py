"""What is to be written of one trial, all in one transaction: all of it is in the database, or nothing."""

import functools
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

INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
TRIALS: Table = models.TrialModel.__table__
KEYS = {  # what of a trial is kept where, and the column that tells its rows apart
    "params": (models.TrialParamModel.__table__, "param_name"),
    "reports": (models.TrialIntermediateValueModel.__table__, "step"),
    "user_attrs": (models.TrialUserAttributeModel.__table__, "key"),
    "system_attrs": (models.TrialSystemAttributeModel.__table__, "key"),
    "values": (models.TrialValueModel.__table__, "objective"),
}

Rows = list[dict[str, Any]]


class End(Record):
    """How a trial ends."""

    state: TrialState
    values: list[float] | None
    at: datetime  # local time, without a zone, as Optuna has it

    def is_of(self, trial: FrozenTrial) -> bool:
        """Whether a trial has come to it."""
        return trial.state == self.state and (self.values is None or trial.values == self.values)


@dataclass(kw_only=True)
class Changes:
    """What is to be written of one trial that runs or waits. Written twice, it is the same."""

    trial_id: int
    params: dict[str, tuple[float, BaseDistribution]] = field(default_factory=dict)  # as Optuna stores them
    reports: dict[int, float] = field(default_factory=dict)
    user_attrs: dict[str, str] = field(default_factory=dict)  # JSON
    system_attrs: dict[str, str] = field(default_factory=dict)  # JSON
    end: End | None = None


def write(engine: Engine, changes: Changes) -> None:
    """Writes to Optuna's tables what its storage would write call by call.

    Raises:
        UpdateFinishedTrialError: where the trial has ended.
        KeyError: where there is no such trial.
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


def _refuse_finished(connection: Connection, trial_id: int) -> None:
    query = select(TRIALS.c.state).where(TRIALS.c.trial_id == trial_id).with_for_update()
    state = connection.execute(query).scalar_one_or_none()
    if state is None:
        raise KeyError(f"there is no trial {trial_id}")
    if state.is_finished():
        raise UpdateFinishedTrialError(f"trial {trial_id} has ended and cannot be changed")


def _rows(changes: Changes) -> dict[str, Rows]:
    """The rows of every table, by the name of what they hold."""
    trial = {"trial_id": changes.trial_id}
    report = models.TrialIntermediateValueModel.intermediate_value_to_stored_repr
    result = models.TrialValueModel.value_to_stored_repr
    values = changes.end.values or [] if changes.end else []
    return {
        "params": [
            {**trial, "param_name": name, "param_value": value, "distribution_json": distribution_to_json(distribution)}
            for name, (value, distribution) in changes.params.items()
        ],
        "reports": [
            {**trial, "step": step, **_named("intermediate_value", report(value))}
            for step, value in changes.reports.items()
        ],
        "user_attrs": [{**trial, "key": key, "value_json": text} for key, text in changes.user_attrs.items()],
        "system_attrs": [{**trial, "key": key, "value_json": text} for key, text in changes.system_attrs.items()],
        "values": [
            {**trial, "objective": index, **_named("value", result(value))} for index, value in enumerate(values)
        ],
    }


def _named(name: str, stored: tuple[float | None, Any]) -> dict[str, Any]:
    """A number as Optuna stores it: what databases have no sign for is told by its type."""
    value, kind = stored
    return {name: value, f"{name}_type": kind}


@functools.cache
def _upsert(dialect: str, name: str) -> Any:
    """Inserts rows, or updates those that are there."""
    table, key = KEYS[name]
    made = INSERTS[dialect](table)  # the two dialects' classes have no base that knows of conflicts
    told_by = ("trial_id", key)
    others = [column.name for column in table.columns if not column.primary_key and column.name not in told_by]
    return made.on_conflict_do_update(
        index_elements=list(told_by), set_={column: made.excluded[column] for column in others}
    )
