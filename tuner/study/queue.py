"""The queue of `tuner serve`: attributes of the studies, so that every machine with access to the database sees it.

Each key has one kind of writer (submit, cancel or the service), so that they do not overwrite each other. Whatever
else stands there, written by another version or by hand, fails its own submission at the most.
"""

import time
import uuid
from collections.abc import Mapping
from typing import Any, Literal

from optuna.storages import BaseStorage

from tuner import __version__
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
    version: str = ""  # of the tuner that submitted it
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
        version=__version__,
    )
    asked = {name: value for name, value in made.data().items() if name not in ("study", "state", "reason")}
    storage.set_study_user_attr(_id(storage, study), ASKED, asked)
    return made


def submissions(storage: BaseStorage) -> list[Submission]:
    """The last submission of each study: the running one first, then in order of submission."""
    found = [
        _read(study.study_name, study.user_attrs) for study in storage.get_all_studies() if ASKED in study.user_attrs
    ]
    return sorted(found, key=lambda one: (one.state != "running", one.at))


LATEST = 1e11  # s since the epoch; false for what is no number, too
KINDS: dict[str, Any] = {"key": str, "at": (int, float), "trials": int, "confirm": bool, "skip_check": bool}


def _read(study: str, attributes: Mapping[str, Any]) -> Submission:
    """A study's submission; one that cannot be read has failed."""
    asked = _mapping(attributes[ASKED])
    odd = [name for name, kind in KINDS.items() if not isinstance(asked.get(name), kind)]
    if odd or not abs(asked["at"]) < LATEST or asked["trials"] < 1:
        reason = f"its entry in the queue cannot be read ({', '.join(odd) or 'at, trials'}): submit it again"
        key = str(asked.get("key"))
        return Submission(
            study=study, key=key, at=0.0, trials=1, confirm=False, skip_check=False, state="failed", reason=reason
        )
    state, reason = _state(attributes, asked["key"])
    version = str(asked.get("version", ""))
    return Submission(study=study, state=state, reason=reason, version=version, **{name: asked[name] for name in KINDS})


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _state(attributes: Mapping[str, Any], key: str) -> tuple[State, str]:
    ended = _mapping(attributes.get(ENDED))
    if ended.get("key") == key:
        state = ended.get("state")
        return (state if state in ("done", "cancelled") else "failed"), str(ended.get("reason", ""))
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
    before = _mapping(storage.get_study_user_attrs(study).get(ATTEMPTS))
    known = before.get("key") == submission.key and isinstance(before.get("count"), int)
    count = before["count"] if known else 0
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
    return attributes.get(CANCELLED) in (submission.key, _mapping(attributes.get(ASKED)).get("key", submission.key))


def _id(storage: BaseStorage, study: str) -> int:
    try:
        return storage.get_study_id_from_name(study)
    except KeyError:
        raise NothingToShow(f"study {study!r} is no longer in the database") from None
