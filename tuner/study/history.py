"""Reads the whole history of a study at once, without an object for every row of Optuna's tables."""

import json
from collections import defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from optuna import Study
from optuna.distributions import BaseDistribution, json_to_distribution
from optuna.storages import RDBStorage
from optuna.storages._rdb import models
from optuna.study._frozen import FrozenStudy
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import ColumnElement, Connection, Engine, and_, or_, select
from sqlalchemy.orm import Session, lazyload

from tuner.errors import StorageFailed
from tuner.study.integrity import WAY_OUT, attribute_fault, reading
from tuner.study.long_records import PREFIX, is_record, shown, with_records_shown, with_records_stored

TRIAL, PARAM, VALUE = models.TrialModel, models.TrialParamModel, models.TrialValueModel
REPORT, ATTRIBUTE = models.TrialIntermediateValueModel, models.TrialUserAttributeModel
STUDY, OF_STUDY = models.StudyModel, models.StudyUserAttributeModel
SYSTEM = models.TrialSystemAttributeModel

# Parts of trials by trial id: each pair is a key and its value.
Parts = defaultdict[int, dict[Any, Any]]


# Attributes that are larger than all else of a trial together: its curves and signals, the versions it ran with.
HEAVY = ("curve", "health", "versions")
STUDY_TEXTS = select(STUDY.study_id, STUDY.study_name, OF_STUDY.value_json).join(
    OF_STUDY, OF_STUDY.study_id == STUDY.study_id
)
CHUNK = 256  # trials whose heavy attributes are read together


class HistoryStorage(RDBStorage):
    """Optuna's storage, several times faster and smaller where all trials of a study are read.

    With `light` set, trials are read without their heavy attributes, which `heavy_of` reads where they are asked for.
    """

    light = False

    def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> None:
        """As Optuna's; a list or a mapping becomes a system attribute."""
        if is_record(value):
            super().set_trial_system_attr(trial_id, f"{PREFIX}{key}", value)
        else:
            super().set_trial_user_attr(trial_id, key, value)

    def _create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> FrozenTrial:
        template = None if template_trial is None else with_records_stored(template_trial)
        return with_records_shown(super()._create_new_trial(study_id, template))

    def _build_frozen_trial_from_trial_model(self, trial: models.TrialModel) -> FrozenTrial:
        return with_records_shown(super()._build_frozen_trial_from_trial_model(trial))

    def _get_trials(
        self,
        study_id: int,
        states: Container[TrialState] | None,
        included_trial_ids: set[int],
        trial_id_greater_than: int,
    ) -> list[FrozenTrial]:
        """Reads the whole history, or in a light storage any part of it, in six queries; else as Optuna does."""
        if states is None and (self.light or trial_id_greater_than < 0):
            again = [trial for trial in included_trial_ids if trial <= trial_id_greater_than]
            with self.engine.connect() as connection, reading(_name(connection, study_id)):
                wanted = or_(TRIAL.trial_id > trial_id_greater_than, TRIAL.trial_id.in_(again))
                if trials := read_history(connection, study_id, wanted, without=HEAVY if self.light else ()):
                    return trials
        found: list[FrozenTrial] = super()._get_trials(study_id, states, included_trial_ids, trial_id_greater_than)
        return found  # none, or the error of a study that is gone

    def get_all_studies(self) -> list[FrozenStudy]:
        """As Optuna's.

        Raises:
            StorageFailed: where an attribute of a study is no JSON, naming the study.
        """
        try:
            studies: list[FrozenStudy] = super().get_all_studies()
        except json.JSONDecodeError:
            with self.engine.connect() as connection:
                for study_id, name, text in connection.execute(STUDY_TEXTS):
                    with reading(name or str(study_id)):
                        json.loads(text)
            raise
        return studies


class HeavyAttributes:
    """Reads heavy attributes, of the trials around the one that is asked for together, and keeps the last of these."""

    def __init__(self, engine: Engine, study: str) -> None:
        self._engine = engine
        self._study = study
        self._chunk: int | None = None
        self._texts: Parts = defaultdict(dict)

    def of(self, trial_id: int) -> dict[str, str]:
        """The JSON texts of a trial's heavy attributes, by their names."""
        if (chunk := trial_id // CHUNK) != self._chunk:
            self._texts = defaultdict(dict)
            with self._engine.connect() as connection:
                for table, prefix in ((ATTRIBUTE, ""), (SYSTEM, PREFIX)):  # of earlier versions, and of this one
                    names = [f"{prefix}{name}" for name in HEAVY]
                    query = select(table.trial_id, table.key, table.value_json).where(
                        table.trial_id >= chunk * CHUNK, table.trial_id < (chunk + 1) * CHUNK, table.key.in_(names)
                    )
                    for trial, key, text in connection.execute(query):
                        self._texts[trial][key.removeprefix(prefix)] = text
            self._chunk = chunk
        return self._texts[trial_id]

    def read(self, name: str, text: str) -> Any:
        """An attribute's value.

        Raises:
            StorageFailed: where it is none.
        """
        with reading(self._study):
            value = json.loads(text)
        if (fault := attribute_fault(name, value)) is not None:
            raise StorageFailed(f"study {self._study!r}: {fault}; {WAY_OUT}")
        return value


def heavy_of(study: Study) -> HeavyAttributes | None:
    """A reader of what a study's trials were read without; None where its storage is not light."""
    storage = getattr(study._storage, "_backend", None)
    return (
        HeavyAttributes(storage.engine, study.study_name)
        if isinstance(storage, HistoryStorage) and storage.light
        else None
    )


class Attributes(Mapping[str, Any]):
    """A trial's attributes; the heavy ones are read where they are asked for."""

    def __init__(self, known: Mapping[str, Any], heavy: HeavyAttributes, trial_id: int) -> None:
        self.light = known  # those that are read already
        self._reader, self._trial_id = heavy, trial_id

    def __getitem__(self, name: str) -> Any:
        return self._reader.read(name, self._heavy()[name]) if self._is_missing(name) else self.light[name]

    def __contains__(self, name: object) -> bool:
        return name in self._heavy() if self._is_missing(name) else name in self.light

    def __iter__(self) -> Iterator[str]:
        yield from self.light
        yield from (name for name in self._heavy() if name not in self.light)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _heavy(self) -> dict[str, str]:
        return self._reader.of(self._trial_id)

    def _is_missing(self, name: object) -> bool:
        return name in HEAVY and name not in self.light


def light(attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    """The attributes without the heavy ones where these would have to be read, as to look through the names."""
    return attributes.light if isinstance(attributes, Attributes) else attributes


def read_history(
    connection: Connection, study_id: int, wanted: ColumnElement[bool], *, without: Sequence[str] = ()
) -> list[FrozenTrial]:
    """The wanted trials of a study by their ids, equal to those that Optuna reads, save for attributes left out.

    The trials' states are read first: what belongs to a finished trial was written with its end or before.
    """
    ours = and_(TRIAL.study_id == study_id, wanted)
    with Session(connection) as session:  # whose objects know how times are stored
        query = session.query(TRIAL).options(lazyload("*")).filter(ours)
        trials: list[Any] = [
            (one.trial_id, one.number, one.state, one.datetime_start, one.datetime_complete)
            for one in query.order_by(TRIAL.trial_id)
        ]
    params, distributions = _params(connection, ours)
    values = _parts(connection, ours, VALUE, "objective", "value", "value_type")
    reports = _parts(connection, ours, REPORT, "step", "intermediate_value", "intermediate_value_type")
    light = and_(ours, ATTRIBUTE.key.not_in(without))
    own = _parts(connection, light, ATTRIBUTE, "key", "value_json")
    light = and_(ours, SYSTEM.key.not_in([f"{PREFIX}{name}" for name in without]))
    system = _parts(connection, light, SYSTEM, "key", "value_json")
    attributes = {trial[0]: shown(own[trial[0]], system[trial[0]]) for trial in trials}
    return [
        FrozenTrial(
            number=number,
            state=state,
            value=None,
            values=[values[trial][objective] for objective in sorted(values[trial])] if trial in values else None,
            datetime_start=start,
            datetime_complete=complete,
            params=params[trial],
            distributions=distributions[trial],
            user_attrs=attributes[trial][0],
            system_attrs=attributes[trial][1],
            intermediate_values=reports[trial],
            trial_id=trial,
        )
        for trial, number, state, start, complete in trials
    ]


def _name(connection: Connection, study_id: int) -> str:
    return str(connection.execute(select(STUDY.study_name).where(STUDY.study_id == study_id)).scalar())


def _rows(connection: Connection, ours: ColumnElement[bool], table: Any, *columns: str) -> Iterator[Any]:
    """A table's rows of the trials that are ours, in the order in which they were written."""
    chosen = [getattr(table, name) for name in columns]
    first = next(iter(table.__table__.primary_key))
    query = select(table.trial_id, *chosen).join(TRIAL, TRIAL.trial_id == table.trial_id)
    return iter(connection.execute(query.where(ours).order_by(first)))


def _params(connection: Connection, ours: ColumnElement[bool]) -> tuple[Parts, Parts]:
    params: Parts = defaultdict(dict)
    distributions: Parts = defaultdict(dict)
    read = lru_cache(maxsize=None)(json_to_distribution)
    for trial, name, value, text in _rows(connection, ours, PARAM, "param_name", "param_value", "distribution_json"):
        distribution: BaseDistribution = read(text)
        params[trial][name] = distribution.to_external_repr(value)
        distributions[trial][name] = distribution
    return params, distributions


def _parts(connection: Connection, ours: ColumnElement[bool], table: Any, key: str, *columns: str) -> Parts:
    found: Parts = defaultdict(dict)
    decode = READ[table]
    for trial, name, *stored in _rows(connection, ours, table, key, *columns):
        found[trial][name] = decode(*stored)
    return found


READ: dict[Any, Any] = {
    VALUE: VALUE.stored_repr_to_value,
    REPORT: REPORT.stored_repr_to_intermediate_value,
    ATTRIBUTE: json.loads,
    SYSTEM: json.loads,
}
