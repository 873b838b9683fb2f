"""A storage that retries while the database is unavailable, checking first what was already written."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from optuna.distributions import BaseDistribution
from optuna.storages import BaseStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.engine.interfaces import ExceptionContext

from tuner.errors import StorageFailed
from tuner.study import changes as writing
from tuner.study.changes import Changes

LONGEST_OUTAGE = 300.0  # s that a database may be unavailable
LONGEST_PAUSE = 10.0  # s between two attempts

T = TypeVar("T")
_log = logging.getLogger(__name__)


class DatabaseUnavailable(Exception):
    """The connection failed before an answer; the statement may have been executed or not."""


def raise_unavailable(engine: Engine, transient: Callable[[BaseException], bool]) -> None:
    """Makes an engine raise `DatabaseUnavailable` for temporary errors.

    Optuna does not catch this class. It would catch the original errors, and create a trial twice if the answer to the
    first creation was lost.
    """

    def handle(context: ExceptionContext) -> BaseException | None:
        error = context.original_exception
        if context.is_pre_ping or not (context.is_disconnect or transient(error)):
            return None
        return DatabaseUnavailable(" ".join(str(error).split()))

    event.listen(engine, "handle_error", handle)


def _pauses() -> Iterator[float]:
    """Seconds to wait before each attempt: 0, then growing up to `LONGEST_PAUSE`."""
    yield 0.0
    pause = 0.25
    while True:
        yield pause
        pause = min(2 * pause, LONGEST_PAUSE)


def _retried(name: str) -> Any:
    """A method that calls the wrapped storage's method of this name until the database answers."""

    def method(self: "RetryingStorage", *arguments: Any, **named: Any) -> Any:
        return self._retry(lambda: getattr(self._storage, name)(*arguments, **named))

    return method


class RetryingStorage(BaseStorage):
    """Forwards every call to another storage, and retries while the database is unavailable.

    Before a retry it checks whether the lost call was executed. The check suffices since there is one writer, under the
    study's lock.
    """

    def __init__(
        self, storage: BaseStorage, database: str, longest_outage: float = LONGEST_OUTAGE, engine: Engine | None = None
    ) -> None:
        """Takes the database's name for messages, the longest outage in seconds, and the engine for `write`."""
        self._storage = storage
        self._engine = engine
        self._database = database
        self._longest_outage = longest_outage
        self._given_up = False
        self._trials: dict[int, int] = {}  # known number of trials by study id

    def _retry(self, call: Callable[[], T], again: Callable[[], T] | None = None) -> T:
        """Returns the result of `call`, or after an outage that of `again`, which checks what `call` had done.

        Raises:
            StorageFailed: if the outage lasts too long.
        """
        try:
            return call()
        except DatabaseUnavailable as error:
            return self._wait_and_retry(again or call, error)

    def _wait_and_retry(self, again: Callable[[], T], error: DatabaseUnavailable) -> T:
        begun, warned = time.monotonic(), False
        for pause in _pauses():
            if self._given_up or time.monotonic() - begun + pause > self._longest_outage:
                break
            if pause and not warned:
                warned = True
                _log.warning(
                    "database %s unavailable (%s): retrying for up to %.0f s",
                    self._database,
                    error,
                    self._longest_outage,
                )
            try:
                time.sleep(pause)
                result = again()
            except DatabaseUnavailable as next_error:
                error = next_error
            except KeyboardInterrupt:  # do not wait for the remaining writes either
                self._given_up = True
                raise
            else:
                if warned:
                    _log.warning("database %s available again after %.1f s", self._database, time.monotonic() - begun)
                return result
        self._given_up = True
        raise StorageFailed(
            f"database {self._database} unavailable: {error} (fix the cause, then rerun to resume)"
        ) from error

    def create_new_study(self, directions: Sequence[StudyDirection], study_name: str | None = None) -> int:
        """Creates a study; a retry first checks whether it exists."""

        def again() -> int:
            studies = self._storage.get_all_studies()
            made = next((study._study_id for study in studies if study.study_name == study_name), None)
            return self._storage.create_new_study(directions, study_name) if made is None else made

        return self._retry(lambda: self._storage.create_new_study(directions, study_name), again)

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        """Creates a trial; a retry first looks for a new, untouched trial like it."""
        if study_id not in self._trials:
            self._trials[study_id] = len(self.get_all_trials(study_id, deepcopy=False))
        before = self._trials[study_id]

        def again() -> int:
            trials = self._storage.get_all_trials(study_id, deepcopy=False)
            made = next((trial._trial_id for trial in trials[before:] if _is_made_from(trial, template_trial)), None)
            return self._storage.create_new_trial(study_id, template_trial) if made is None else made

        trial_id = self._retry(lambda: self._storage.create_new_trial(study_id, template_trial), again)
        self._trials[study_id] += 1
        return trial_id

    def set_trial_state_values(self, trial_id: int, state: TrialState, values: Sequence[float] | None = None) -> bool:
        """Sets a state; a retry first checks whether it is set."""

        def again() -> bool:
            trial = self._storage.get_trial(trial_id)
            done = trial.state == state and (values is None or trial.values == list(values))
            return done or self._storage.set_trial_state_values(trial_id, state, values)

        return self._retry(lambda: self._storage.set_trial_state_values(trial_id, state, values), again)

    def write(self, changes: Changes) -> None:
        """Writes the changes in one transaction; a retry of an end first checks whether it was written."""
        engine = self._engine
        if engine is None:
            raise RuntimeError("this storage was made without an engine to write through")

        def again() -> None:
            if changes.end is None or not changes.end.is_of(self._storage.get_trial(changes.trial_id)):
                writing.write(engine, changes)

        self._retry(lambda: writing.write(engine, changes), again)

    def widen(self, study_id: int, ranges: Mapping[str, BaseDistribution]) -> None:
        """Makes the parameters of a study's trials, each by its name, those of wider ranges."""
        engine = self._engine
        if engine is None:
            raise RuntimeError("this storage was made without an engine to write through")
        self._retry(lambda: writing.widen(engine, study_id, ranges))

    # These calls can be repeated with the same effect.
    delete_study = _retried("delete_study")
    set_study_user_attr = _retried("set_study_user_attr")
    set_study_system_attr = _retried("set_study_system_attr")
    set_trial_param = _retried("set_trial_param")  # the database keeps the first value
    set_trial_intermediate_value = _retried("set_trial_intermediate_value")
    set_trial_user_attr = _retried("set_trial_user_attr")
    set_trial_system_attr = _retried("set_trial_system_attr")
    get_study_id_from_name = _retried("get_study_id_from_name")
    get_study_name_from_id = _retried("get_study_name_from_id")
    get_study_directions = _retried("get_study_directions")
    get_study_user_attrs = _retried("get_study_user_attrs")
    get_study_system_attrs = _retried("get_study_system_attrs")
    get_all_studies = _retried("get_all_studies")
    get_trial_id_from_study_id_trial_number = _retried("get_trial_id_from_study_id_trial_number")
    get_trial = _retried("get_trial")
    get_all_trials = _retried("get_all_trials")
    get_best_trial = _retried("get_best_trial")

    def remove_session(self) -> None:
        """Removes this thread's session."""
        self._storage.remove_session()


def _is_made_from(trial: FrozenTrial, template: FrozenTrial | None) -> bool:
    """Whether a trial looks just created, from the template if there is one."""
    if template is None:
        return trial.state == TrialState.RUNNING and not (trial.params or trial.user_attrs or trial.system_attrs)
    return (
        trial.state == template.state
        and trial.user_attrs == template.user_attrs
        and trial.system_attrs == template.system_attrs
    )
