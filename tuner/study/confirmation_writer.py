"""Stores a confirmation as its own study in the same database, with one trial per run."""

import contextlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import optuna
from optuna import Study, Trial
from optuna.samplers import RandomSampler
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState

from tuner import __version__, seeds
from tuner.config.conditions import searched
from tuner.config.model import StudySpec
from tuner.config.rules import in_terms_of
from tuner.config.space import SpaceSpec
from tuner.errors import StorageFailed
from tuner.finals.confirmation_plan import RunKey, RunResult
from tuner.record_type import Record
from tuner.records import TrialOutcome
from tuner.study import stored
from tuner.study.samplers import every_distribution

CONFIRMED_SPEC = "confirmed_spec"

ASKED = "asked"


class AskedConfirmation(Record):
    """The request of a confirmation."""

    top: int
    seeds: int  # test seeds
    arms: tuple[str, ...]  # names of its configurations, in the plan's order
    trials: int  # number in the study at that time


class ConfirmationWriter:
    """A confirmation study opened for writing, under the lock of the study that it confirms."""

    def __init__(self, storage: BaseStorage, study: Study, space: SpaceSpec | None = None) -> None:
        """Takes also the space whose parameters new runs are stored with."""
        self.study = study  # to read from
        self._storage = storage
        self._space = space
        self._live: dict[int, Trial] = {}

    @classmethod
    def open(cls, storage: BaseStorage, spec: StudySpec) -> "ConfirmationWriter":
        """Creates the confirmation study, or opens an existing one.

        Raises:
            StorageFailed: if a study of its name is not this confirmation.
        """
        name = stored.confirmation_name(spec.name)
        if name in stored.stored_names(storage):
            study = optuna.load_study(storage=storage, study_name=name, sampler=RandomSampler())
        else:
            study = stored.create(storage, name)
            study.sampler = RandomSampler()  # nothing is sampled
        stored.read_history(study)
        _claim(study, spec)
        return cls(storage, study, spec.space)

    def note(self, asked: AskedConfirmation) -> None:
        """Stores the request, for readers of the results."""
        self.study.set_user_attr(ASKED, asdict(asked))

    def recover(self) -> int:
        """Stores the runs that a dead coordinator left running as interrupted; returns their number."""
        return stored.fail_running(self._storage, self.study, "the coordinator ended")

    def begin(self, key: RunKey, attributes: Mapping[str, Any]) -> int:
        """Creates the trial of a run; returns its number."""
        trial = self.study.ask()
        self._live[trial.number] = trial
        for name, value in {"phase": key.phase, "seed": key.seed, "configuration": key.configuration}.items():
            trial.set_user_attr(name, value)
        for name, value in attributes.items():
            trial.set_user_attr(name, value)
        self._set_parameters(trial, attributes.get("asked", {}))
        return trial.number

    def _set_parameters(self, trial: Trial, arguments: Mapping[str, Any]) -> None:
        """Stores what of a run's arguments is in the space as parameters, for the dashboard's plots."""
        if self._space is None:
            return
        known, own = every_distribution(self._space), in_terms_of(self._space, arguments)
        for name in searched(self._space.parameters, own):
            with contextlib.suppress(ValueError):  # outside the range, which a baseline's value may be
                value = known[name].to_internal_repr(own[name]) if name in own else None
                if value is not None and known[name]._contains(value):
                    self._storage.set_trial_param(trial._trial_id, name, value, known[name])

    def report(self, number: int, value: float, step: int) -> None:
        """Stores an evaluation's score, for the dashboard's curves."""
        self._live[number].report(value, step)

    def complete(self, number: int, value: float, attributes: Mapping[str, Any]) -> None:
        """Stores a completed run."""
        self._tell(number, attributes, value, None)

    def diverge(self, number: int, attributes: Mapping[str, Any]) -> None:
        """Stores a run that diverged, which counts as the worst result."""
        self._tell(number, attributes, None, TrialState.PRUNED)

    def fail(self, number: int, outcome: TrialOutcome) -> None:
        """Stores a run that failed."""
        self._tell(number, stored.failure(outcome), None, TrialState.FAIL)

    def interrupt(self) -> None:
        """Stores every running run as interrupted; the next start repeats them."""
        stored.fail_running(self._storage, self.study, "the run was stopped")
        self._live.clear()

    def results(self) -> dict[RunKey, RunResult]:
        """The results of completed and diverged runs."""
        return {_key(trial): _result(trial) for trial in self._trials(TrialState.COMPLETE, TrialState.PRUNED)}

    def failures(self) -> Counter[RunKey]:
        """How often each run has failed, without interruptions."""
        failed = (trial for trial in self._trials(TrialState.FAIL) if "interrupted" not in trial.user_attrs)
        return Counter(_key(trial) for trial in failed if "configuration" in trial.user_attrs)

    def seconds(self) -> list[float]:
        """The durations of completed runs in seconds."""
        return [trial.user_attrs["seconds"] for trial in self._trials(TrialState.COMPLETE)]

    def _trials(self, *states: TrialState) -> list[FrozenTrial]:
        return self.study.get_trials(deepcopy=False, states=states)

    def _tell(self, number: int, attributes: Mapping[str, Any], value: float | None, state: TrialState | None) -> None:
        trial = self._live[number]
        for name, attribute in attributes.items():
            trial.set_user_attr(name, attribute)
        self.study.tell(trial, value, state=state)
        del self._live[number]


def read_results(storage: BaseStorage, name: str) -> dict[RunKey, RunResult]:
    """The results of a study's confirmation so far; empty if it has none. Writes nothing."""
    if stored.confirmation_name(name) not in stored.stored_names(storage):
        return {}
    study = optuna.load_study(storage=storage, study_name=stored.confirmation_name(name), sampler=RandomSampler())
    return ConfirmationWriter(storage, study).results() if study.user_attrs.get(stored.CONFIRMS) == name else {}


def read_asked(storage: BaseStorage, name: str) -> AskedConfirmation | None:
    """The last request of a study's confirmation; None without a confirmation, or if it stored no request."""
    if stored.confirmation_name(name) not in stored.stored_names(storage):
        return None
    study = optuna.load_study(storage=storage, study_name=stored.confirmation_name(name), sampler=RandomSampler())
    asked = study.user_attrs.get(ASKED)
    if asked is None:
        return None
    return AskedConfirmation(**{**asked, "arms": tuple(asked["arms"])})


def _claim(study: Study, spec: StudySpec) -> None:
    """Marks a new study as the confirmation of `spec`, or checks that an existing one is.

    Raises:
        StorageFailed: if it is another study.
    """
    confirms = study.user_attrs.get(stored.CONFIRMS)
    text = study.user_attrs.get(CONFIRMED_SPEC)
    way_out = "(delete it, or tune under another --name)"
    if text is not None and confirms is not None:
        differences = stored.differences_in_meaning(stored.parse_spec(confirms, text), spec)
        if differences:
            raise StorageFailed(
                f"study {study.study_name!r} confirms a study {confirms!r} with a different configuration: "
                f"{'; '.join(differences)} {way_out}"
            )
    elif "spec" in study.user_attrs or study.get_trials(deepcopy=False):
        raise StorageFailed(
            f"study {study.study_name!r} already exists and is not a confirmation of {spec.name!r} {way_out}"
        )
    else:
        stored.name_metric(study)
        study.set_user_attr("tuner", __version__)
        study.set_user_attr("seeds", seeds.plan())
        study.set_user_attr(CONFIRMED_SPEC, spec.model_dump_json())
        study.set_user_attr(stored.CONFIRMS, spec.name)


def _key(trial: FrozenTrial) -> RunKey:
    attributes = trial.user_attrs
    return RunKey(phase=attributes["phase"], configuration=attributes["configuration"], seed=attributes["seed"])


def _result(trial: FrozenTrial) -> RunResult:
    attributes = trial.user_attrs
    return RunResult(
        score=attributes.get("score"), success=attributes.get("success"), mean_return=attributes.get("return")
    )
