"""A storage that rides out a database that is away: waits, tries again, and looks what was done before it repeats."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from optuna.storages import BaseStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.engine.interfaces import ExceptionContext

from tuner.errors import StorageFailed
from tuner.study import changes as writing
from tuner.study.changes import Changes

LONGEST_OUTAGE = 300.0  # s that a database may be away
LONGEST_PAUSE = 10.0  # s between two tries

T = TypeVar("T")
_log = logging.getLogger(__name__)


class DatabaseAway(Exception):
    """The database did not answer, or broke off: what it was asked for may or may not have been done."""


def announce_away(engine: Engine, transient: Callable[[BaseException], bool]) -> None:
    """Lets an engine raise `DatabaseAway` for what waiting may mend.

    Raised here, under Optuna, the error is none of those that Optuna handles by itself: it would make a trial a second
    time where the answer to the first was lost.
    """

    def handle(context: ExceptionContext) -> BaseException | None:
        error = context.original_exception
        if context.is_pre_ping or not (context.is_disconnect or transient(error)):
            return None
        return DatabaseAway(" ".join(str(error).split()))

    event.listen(engine, "handle_error", handle)


def _pauses() -> Iterator[float]:
    """Seconds to wait before each try: none before the first, then ever longer."""
    yield 0.0
    pause = 0.25
    while True:
        yield pause
        pause = min(2 * pause, LONGEST_PAUSE)


def _persisted(name: str) -> Any:
    """A method that calls the storage's own of that name until the database answers."""

    def method(self: "RetryingStorage", *arguments: Any, **named: Any) -> Any:
        return self._persist(lambda: getattr(self._storage, name)(*arguments, **named))

    return method


class RetryingStorage(BaseStorage):
    """Passes everything on to another storage, again and again while the database is away.

    Whatever may have been done before the answer was lost is looked up before it is repeated. That there is one writer,
    under its lock, is what makes looking enough.
    """

    def __init__(
        self, storage: BaseStorage, database: str, longest_outage: float = LONGEST_OUTAGE, engine: Engine | None = None
    ) -> None:
        """Takes the database's name for people, the seconds that it may be away, and what `write` writes through."""
        self._storage = storage
        self._engine = engine
        self._database = database
        self._longest_outage = longest_outage
        self._given_up = False
        self._trials: dict[int, int] = {}  # how many each study has at least, by the study's id

    def _persist(self, call: Callable[[], T], again: Callable[[], T] | None = None) -> T:
        """What `call` returns; after a break, what `again` does, which knows that `call` may have worked.

        Raises:
            StorageFailed: where the database stays away.
        """
        try:
            return call()
        except DatabaseAway as error:
            return self._ride_out(again or call, error)

    def _ride_out(self, again: Callable[[], T], error: DatabaseAway) -> T:
        begun, told = time.monotonic(), False
        for pause in _pauses():
            if self._given_up or time.monotonic() - begun + pause > self._longest_outage:
                break
            if pause and not told:
                told = True
                _log.warning(
                    "database %s is away (%s): trying again, for up to %.0f s",
                    self._database,
                    error,
                    self._longest_outage,
                )
            try:
                time.sleep(pause)
                result = again()
            except DatabaseAway as next_error:
                error = next_error
            except KeyboardInterrupt:  # what is left to be written will not wait
                self._given_up = True
                raise
            else:
                if told:
                    _log.warning("database %s is back after %.1f s", self._database, time.monotonic() - begun)
                return result
        self._given_up = True
        raise StorageFailed(
            f"database {self._database} is away: {error} (with the cause gone, the same command goes on)"
        ) from error

    def create_new_study(self, directions: Sequence[StudyDirection], study_name: str | None = None) -> int:
        """Makes a study, unless the last try did."""

        def again() -> int:
            studies = self._storage.get_all_studies()
            made = next((study._study_id for study in studies if study.study_name == study_name), None)
            return self._storage.create_new_study(directions, study_name) if made is None else made

        return self._persist(lambda: self._storage.create_new_study(directions, study_name), again)

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        """Makes a trial, unless the last try did: one beyond those that there were, and as it should be."""
        if study_id not in self._trials:
            self._trials[study_id] = len(self.get_all_trials(study_id, deepcopy=False))
        before = self._trials[study_id]

        def again() -> int:
            trials = self._storage.get_all_trials(study_id, deepcopy=False)
            made = next((trial._trial_id for trial in trials[before:] if _is_made_from(trial, template_trial)), None)
            return self._storage.create_new_trial(study_id, template_trial) if made is None else made

        trial_id = self._persist(lambda: self._storage.create_new_trial(study_id, template_trial), again)
        self._trials[study_id] += 1
        return trial_id

    def set_trial_state_values(self, trial_id: int, state: TrialState, values: Sequence[float] | None = None) -> bool:
        """Tells a state, unless the last try did."""

        def again() -> bool:
            trial = self._storage.get_trial(trial_id)
            done = trial.state == state and (values is None or trial.values == list(values))
            return done or self._storage.set_trial_state_values(trial_id, state, values)

        return self._persist(lambda: self._storage.set_trial_state_values(trial_id, state, values), again)

    def write(self, changes: Changes) -> None:
        """Writes what belongs together in one transaction, unless the last try did: only an end cannot come twice."""
        engine = self._engine
        if engine is None:
            raise RuntimeError("this storage was made without an engine to write through")

        def again() -> None:
            if changes.end is None or not changes.end.is_of(self._storage.get_trial(changes.trial_id)):
                writing.write(engine, changes)

        self._persist(lambda: writing.write(engine, changes), again)

    # What follows may be done twice and is the same.
    delete_study = _persisted("delete_study")
    set_study_user_attr = _persisted("set_study_user_attr")
    set_study_system_attr = _persisted("set_study_system_attr")
    set_trial_param = _persisted("set_trial_param")  # a second time, the database keeps the first
    set_trial_intermediate_value = _persisted("set_trial_intermediate_value")
    set_trial_user_attr = _persisted("set_trial_user_attr")
    set_trial_system_attr = _persisted("set_trial_system_attr")
    get_study_id_from_name = _persisted("get_study_id_from_name")
    get_study_name_from_id = _persisted("get_study_name_from_id")
    get_study_directions = _persisted("get_study_directions")
    get_study_user_attrs = _persisted("get_study_user_attrs")
    get_study_system_attrs = _persisted("get_study_system_attrs")
    get_all_studies = _persisted("get_all_studies")
    get_trial_id_from_study_id_trial_number = _persisted("get_trial_id_from_study_id_trial_number")
    get_trial = _persisted("get_trial")
    get_all_trials = _persisted("get_all_trials")
    get_best_trial = _persisted("get_best_trial")

    def remove_session(self) -> None:
        """Lets go of this thread's session."""
        self._storage.remove_session()


def _is_made_from(trial: FrozenTrial, template: FrozenTrial | None) -> bool:
    """Whether a trial is as it was just made, and nobody has done anything with it yet."""
    if template is None:
        return trial.state == TrialState.RUNNING and not (trial.params or trial.user_attrs or trial.system_attrs)
    return (
        trial.state == template.state
        and trial.user_attrs == template.user_attrs
        and trial.system_attrs == template.system_attrs
    )
