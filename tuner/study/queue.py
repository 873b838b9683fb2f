"""The queue of `tuner serve`: attributes of the studies, so that every machine with access to the database sees it.

Each key has one kind of writer (submit, cancel or the service), so that they do not overwrite each other.
"""

import time
import uuid
from typing import Any, Literal

from optuna.storages import BaseStorage

from tuner.errors import NothingToShow
from tuner.record_type import Record

ASKED, CANCELLED, RUNNING, ENDED = "queue:asked", "queue:cancelled", "queue:running", "queue:ended"
ATTEMPTS = "queue:attempts"  # how often the service began it, without an end that it could tell
MOST_ATTEMPTS = 3

State = Literal["queued", "running", "done", "failed", "cancelled"]
OPEN = ("queued", "running")


class Submission(Record):
    """A study in the queue: queued, running or ended."""

    study: str
    key: str  # unique; a study that is submitted again gets a new one
    at: float  # s since the epoch, when it was submitted
    trials: int  # total number of finished trials wanted
    confirm: bool
    skip_check: bool
    state: State = "queued"
    reason: str = ""  # why it failed

    @property
    def open(self) -> bool:
        """Whether it is queued or running."""
        return self.state in OPEN


def submit(storage: BaseStorage, study: str, *, trials: int, confirm: bool, skip_check: bool) -> Submission:
    """Queues a stored study; a queued one keeps its place and gets the higher number of trials."""
    before = next((one for one in submissions(storage) if one.study == study and one.open), None)
    made = Submission(
        study=study,
        key=uuid.uuid4().hex,
        at=before.at if before else time.time(),
        trials=max(trials, before.trials) if before else trials,
        confirm=confirm or (before is not None and before.confirm),
        skip_check=skip_check or (before is not None and before.skip_check),
    )
    asked = {name: value for name, value in made.data().items() if name not in ("study", "state", "reason")}
    storage.set_study_user_attr(_id(storage, study), ASKED, asked)
    return made


def submissions(storage: BaseStorage) -> list[Submission]:
    """The last submission of each study: the running one first, then in order of submission."""
    found = []
    for study in storage.get_all_studies():
        if (asked := study.user_attrs.get(ASKED)) is not None:
            state, reason = _state(study.user_attrs, asked["key"])
            found.append(Submission(study=study.study_name, state=state, reason=reason, **asked))
    return sorted(found, key=lambda one: (one.state != "running", one.at))


def _state(attributes: dict[str, Any], key: str) -> tuple[State, str]:
    if (ended := attributes.get(ENDED, {})).get("key") == key:
        return ended["state"], ended["reason"]
    if attributes.get(CANCELLED) == key:
        return "cancelled", ""
    running = attributes.get(RUNNING)  # may be the key of an earlier submission that still runs
    return ("running" if running is not None and running != ended.get("key") else "queued"), ""


def cancel(storage: BaseStorage, study: str) -> Submission:
    """Removes a study from the queue; the service stops it at its next check.

    Raises:
        NothingToShow: if it is not in the queue.
    """
    waiting = [one for one in submissions(storage) if one.open]
    found = next((one for one in waiting if one.study == study), None)
    if found is None:
        there = f"it holds {', '.join(one.study for one in waiting)}" if waiting else "it is empty"
        raise NothingToShow(f"study {study!r} is not in the queue ({there})")
    storage.set_study_user_attr(_id(storage, study), CANCELLED, found.key)
    return found


def begin(storage: BaseStorage, submission: Submission) -> int:
    """Marks a submission as running; returns how often the service began it and died."""
    study = _id(storage, submission.study)
    before = storage.get_study_user_attrs(study).get(ATTEMPTS, {})
    count = before.get("count", 0) if before.get("key") == submission.key else 0
    storage.set_study_user_attr(study, ATTEMPTS, {"key": submission.key, "count": count + 1})
    storage.set_study_user_attr(study, RUNNING, submission.key)
    return int(count)


def put_back(storage: BaseStorage, submission: Submission) -> None:
    """Queues a running submission again, in its place: it was no fault of its own."""
    study = _id(storage, submission.study)
    storage.set_study_user_attr(study, RUNNING, None)
    storage.set_study_user_attr(study, ATTEMPTS, {"key": submission.key, "count": 0})


def end(storage: BaseStorage, submission: Submission, state: State, reason: str = "") -> None:
    """Marks a submission as ended."""
    ended = {"key": submission.key, "state": state, "reason": reason}
    storage.set_study_user_attr(_id(storage, submission.study), ENDED, ended)


def is_cancelled(storage: BaseStorage, submission: Submission) -> bool:
    """Whether it, or a later submission of its study, was cancelled."""
    attributes = storage.get_study_user_attrs(_id(storage, submission.study))
    return attributes.get(CANCELLED) in (submission.key, attributes.get(ASKED, {}).get("key"))


def _id(storage: BaseStorage, study: str) -> int:
    try:
        return storage.get_study_id_from_name(study)
    except KeyError:
        raise NothingToShow(f"study {study!r} is no longer in the database") from None
