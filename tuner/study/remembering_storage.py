"""A storage for a study's only writer: caches the trials, and combines writes into transactions."""

import contextlib
import copy
import json
from collections.abc import Container, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from optuna.distributions import BaseDistribution, check_distribution_compatibility
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState

from tuner.study.changes import Changes, End
from tuner.study.retrying_storage import RetryingStorage

FINISHED = [state for state in TrialState if state.is_finished()]


def _passed_on(name: str) -> Any:
    """A method that calls the wrapped storage's method of this name."""

    def method(self: "RememberingStorage", *arguments: Any, **named: Any) -> Any:
        return getattr(self._storage, name)(*arguments, **named)

    return method


class RememberingStorage(BaseStorage):
    """Reads a study's trials once, and updates its copy with every write.

    Optuna's own cache reads every unfinished trial again at each access, since other processes may change it. Here
    there are none. A test checks that the copy equals the database after every call.

    Trials are never changed in place, so a trial that was returned stays as it was.
    """

    def __init__(self, storage: RetryingStorage) -> None:
        self._storage = storage
        self._trials: dict[int, list[FrozenTrial]] = {}  # by study, in order
        self._distributions: dict[int, dict[str, BaseDistribution]] = {}  # by study, the first of each parameter
        self._unfinished: dict[int, set[int]] = {}  # by study, trial numbers
        self._places: dict[int, tuple[int, int]] = {}  # study and number by trial id
        self._pending: dict[int, Changes] | None = None  # the changes of an open `transaction`

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Collects the changes of each trial in memory and writes them at the end in one transaction.

        On an exception nothing is written, and the cache is cleared.
        """
        if self._pending is not None:
            yield
            return
        self._pending = {}
        try:
            yield
            for changes in self._pending.values():
                self._storage.write(changes)
        except BaseException:
            self._forget()
            raise
        finally:
            self._pending = None

    @contextlib.contextmanager
    def _changing(self, trial_id: int) -> Iterator[Changes]:
        """Collects changes of an unfinished trial, and writes them unless a transaction is open."""
        self.check_trial_is_updatable(trial_id, self._trial(trial_id).state)
        if self._pending is not None:
            yield self._pending.setdefault(trial_id, Changes(trial_id=trial_id))
            return
        changes = Changes(trial_id=trial_id)
        yield changes
        try:
            self._storage.write(changes)
        except BaseException:
            self._forget()
            raise

    def _forget(self) -> None:
        """Clears the cache after a failed write; the next access reads the database."""
        self._trials.clear()
        self._distributions.clear()

    def _of(self, study_id: int) -> list[FrozenTrial]:
        """A study's trials, read at the first access."""
        if study_id not in self._trials:
            trials = list(self._storage.get_all_trials(study_id, deepcopy=False))
            self._trials[study_id] = trials
            self._places |= {trial._trial_id: (study_id, trial.number) for trial in trials}
            self._unfinished[study_id] = {trial.number for trial in trials if not trial.state.is_finished()}
            known = self._distributions[study_id] = {}
            for trial in trials:
                for name, distribution in trial.distributions.items():
                    known.setdefault(name, distribution)
        return self._trials[study_id]

    def _trial(self, trial_id: int) -> FrozenTrial:
        study_id, number = self._places[trial_id]
        return self._of(study_id)[number]

    def _set(self, trial_id: int, **attributes: Any) -> None:
        """Replaces a trial by a copy with changed attributes."""
        study_id, number = self._places[trial_id]
        trial = copy.copy(self._of(study_id)[number])
        for name, value in attributes.items():
            setattr(trial, name, value)
        self._trials[study_id][number] = trial

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        trials = self._of(study_id)
        trial_id = self._storage.create_new_trial(study_id, template_trial)
        trial = self._storage.get_trial(trial_id)
        if trial.number == len(trials):
            trials.append(trial)
            self._unfinished[study_id].add(trial.number)
            self._places[trial_id] = (study_id, trial.number)
        else:  # another process made one
            self._forget()
            self._of(study_id)
        return trial_id

    def set_trial_param(
        self, trial_id: int, param_name: str, param_value_internal: float, distribution: BaseDistribution
    ) -> None:
        """Sets a parameter; its distribution must be compatible with those of earlier trials."""
        trial, known = self._trial(trial_id), self._distributions[self._places[trial_id][0]]
        check_distribution_compatibility(known.setdefault(param_name, distribution), distribution)
        with self._changing(trial_id) as changes:
            changes.params[param_name] = (param_value_internal, distribution)
        self._set(
            trial_id,
            params={**trial.params, param_name: distribution.to_external_repr(param_value_internal)},
            distributions={**trial.distributions, param_name: distribution},
        )

    def set_trial_intermediate_value(self, trial_id: int, step: int, intermediate_value: float) -> None:
        with self._changing(trial_id) as changes:
            changes.reports[step] = intermediate_value
        reports = {**self._trial(trial_id).intermediate_values, step: intermediate_value}
        self._set(trial_id, intermediate_values=reports)

    def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> None:
        text = json.dumps(value)
        with self._changing(trial_id) as changes:
            changes.user_attrs[key] = text
        self._set(trial_id, user_attrs={**self._trial(trial_id).user_attrs, key: json.loads(text)})

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        text = json.dumps(value)
        with self._changing(trial_id) as changes:
            changes.system_attrs[key] = text
        self._set(trial_id, system_attrs={**self._trial(trial_id).system_attrs, key: json.loads(text)})

    def set_trial_state_values(self, trial_id: int, state: TrialState, values: Sequence[float] | None = None) -> bool:
        """Sets a state: a final one with the pending changes, any other at once."""
        if not state.is_finished():
            updated = self._storage.set_trial_state_values(trial_id, state, values)
            study_id, number = self._places[trial_id]
            self._of(study_id)[number] = self._storage.get_trial(trial_id)
            return updated
        end = End(state=state, values=None if values is None else [*values], at=datetime.now())
        with self._changing(trial_id) as changes:
            changes.end = end
        final_values = {} if end.values is None else {"values": end.values}
        self._set(trial_id, state=state, datetime_complete=end.at, **final_values)
        study_id, number = self._places[trial_id]
        self._unfinished[study_id].discard(number)
        return True

    def get_trial(self, trial_id: int) -> FrozenTrial:
        """A trial; a copy if it is unfinished, since Optuna writes to it."""
        trial = self._trial(trial_id)
        if trial.state.is_finished():
            return trial
        mine = copy.copy(trial)
        for name in ("params", "distributions", "intermediate_values", "user_attrs", "system_attrs"):
            setattr(mine, name, {**getattr(trial, name)})
        return mine

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        trials = self._of(study_id)
        if states is None:
            found = [*trials]
        elif any(state in states for state in FINISHED):
            found = [trial for trial in trials if trial.state in states]
        else:
            unfinished = (trials[number] for number in sorted(self._unfinished[study_id]))
            found = [trial for trial in unfinished if trial.state in states]
        return copy.deepcopy(found) if deepcopy else found

    def get_trial_id_from_study_id_trial_number(self, study_id: int, trial_number: int) -> int:
        """Looks the trial up in the cache."""
        trials = self._of(study_id)
        if not 0 <= trial_number < len(trials):
            raise KeyError(f"there is no trial {trial_number} in study {study_id}")
        return trials[trial_number]._trial_id

    def widen(self, study_id: int, ranges: Mapping[str, BaseDistribution]) -> None:
        """Makes the parameters of a study's trials, each by its name, those of wider ranges."""
        if not ranges:
            return
        trials = self._of(study_id)
        self._storage.widen(study_id, ranges)
        for trial in trials:
            for name in ranges.keys() & trial.distributions.keys():
                trial._distributions[name] = ranges[name]  # in place: the wrapped storage keeps the same objects
        self._distributions[study_id] |= {name: ranges[name] for name in ranges}

    def delete_study(self, study_id: int) -> None:
        self._forget()
        self._storage.delete_study(study_id)

    # The following calls go to the database.
    create_new_study = _passed_on("create_new_study")
    set_study_user_attr = _passed_on("set_study_user_attr")
    set_study_system_attr = _passed_on("set_study_system_attr")
    get_study_id_from_name = _passed_on("get_study_id_from_name")
    get_study_name_from_id = _passed_on("get_study_name_from_id")
    get_study_directions = _passed_on("get_study_directions")
    get_study_user_attrs = _passed_on("get_study_user_attrs")
    get_study_system_attrs = _passed_on("get_study_system_attrs")
    get_all_studies = _passed_on("get_all_studies")
    get_best_trial = _passed_on("get_best_trial")
    remove_session = _passed_on("remove_session")


def remembering(storage: BaseStorage) -> RememberingStorage:
    """Wraps a storage that was opened for writing."""
    if not isinstance(storage, RetryingStorage):
        raise TypeError(f"{type(storage).__name__} is not a storage that was opened for writing")
    return RememberingStorage(storage)
