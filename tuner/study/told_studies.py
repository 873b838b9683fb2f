"""Reads studies for the dashboard: their trials, the runs of their confirmations, what has changed since."""

from collections.abc import Hashable
from typing import Any

import optuna
from optuna.storages._cached_storage import _CachedStorage
from optuna.trial import FrozenTrial
from sqlalchemy.engine import URL

from tuner.config.model import StudySpec
from tuner.record_type import Record
from tuner.study.confirmation_writer import CONFIRMED_SPEC
from tuner.study.history import Attributes, heavy_of
from tuner.study.kept_models import MODEL, PLAIN, kept_name
from tuner.study.page_storage import PageStorage
from tuner.study.reader import StudyReader, reader_of
from tuner.study.rows import Row
from tuner.study.stored import CONFIRMS, confirmation_name, parse_spec, stored_names

ARTIFACTS = "artifacts:"  # how the system attributes that name a trial's files begin
OF_TRIAL = "trial "  # how the name of a tuned configuration begins


class ToldStudy(Record):
    """A study that the dashboard tells of: one of tuner's, or the confirmation of one."""

    name: str
    study: str  # the study itself, or the one that it confirms
    spec: StudySpec
    attributes: dict[str, Any]

    @property
    def confirms(self) -> bool:
        """Whether it is a confirmation."""
        return self.name != self.study


class ToldStudies:
    """The studies of a database, read as the dashboard needs them."""

    def __init__(self, pages: PageStorage, url: URL) -> None:
        self._storage: _CachedStorage = pages.whole
        self._url = url

    def find(self, name: str) -> ToldStudy | None:
        """A study by its name; None where it is not there, or another program made it.

        Raises:
            NothingToShow: where this version cannot read it.
        """
        if name not in stored_names(self._storage):
            return None
        attributes = optuna.load_study(storage=self._storage, study_name=name).user_attrs
        confirms = attributes.get(CONFIRMS)
        text = attributes.get("spec" if confirms is None else CONFIRMED_SPEC)
        if text is None:
            return None
        study = name if confirms is None else confirms
        return ToldStudy(name=name, study=study, spec=parse_spec(study, text), attributes=attributes)

    def name_of(self, study_id: int) -> str | None:
        """A study's name by the number that the dashboard knows it by."""
        try:
            return str(self._storage.get_study_name_from_id(study_id))
        except KeyError:
            return None

    def state(self, name: str) -> Hashable:
        """What differs once there is more to tell of a study or of its confirmation."""
        there = stored_names(self._storage)
        trials = [self._trials(one) for one in (name, confirmation_name(name)) if one in there]
        return tuple((len(some), sum(trial.state.is_finished() for trial in some)) for some in trials)

    def reader(self, name: str) -> StudyReader:
        """A study of tuner's as it is now."""
        return reader_of(self._storage, self._url, name)

    def runs(self, told: ToldStudy) -> list[Row]:
        """The runs of a confirmation, as trials of their configurations."""
        study = optuna.load_study(storage=self._storage, study_name=told.name)
        heavy = heavy_of(study)
        rows = []
        for trial in study.get_trials(deepcopy=False):
            found = trial.user_attrs
            known = Attributes(found, heavy, trial._trial_id) if heavy else found
            rows.append(_run(trial, {**found}, known))
        return rows

    def number(self, study: str, trial_id: int) -> int | None:
        """A trial's number by the number that the dashboard knows it by."""
        return next((trial.number for trial in self._trials(study) if trial._trial_id == trial_id), None)

    def trial_ids(self, study: str) -> list[int]:
        """The dashboard's numbers of a study's trials, in order."""
        return [trial._trial_id for trial in self._trials(study)]

    def models(self, study: str) -> dict[int, str]:
        """The artifact of each kept model, by its trial's number."""
        found = {}
        for trial in self._trials(study):
            if not any(key.startswith(ARTIFACTS) for key in trial.system_attrs):
                continue
            name = kept_name(self._storage, trial, MODEL)
            if name is not None and PLAIN.fullmatch(name):  # the database may have been edited to hold a path
                found[trial.number] = name
        return found

    def _trials(self, study: str) -> list[FrozenTrial]:
        return self._storage.get_all_trials(self._storage.get_study_id_from_name(study), deepcopy=False)


def _run(trial: FrozenTrial, found: dict[str, Any], known: Any) -> Row:
    """A run as a trial that repeats the one that its configuration is named after."""
    arm = str(found.get("arm", ""))
    first = arm.removeprefix(OF_TRIAL)
    return Row(
        number=trial.number,
        state=trial.state.name.lower(),
        role=None if first.isdecimal() else f"baseline:{arm}",
        value=trial.value if trial.values else None,
        success=found.get("success"),
        milestones=found.get("milestones", {}),
        arguments=found.get("asked", {}),
        params=dict(trial.params),
        seed=found.get("seed"),
        seconds=found.get("seconds"),
        steps=found.get("steps", 0),
        episode_length=found.get("episode_length"),
        repeat_of=int(first) if first.isdecimal() else None,
        attributes=known,
    )
