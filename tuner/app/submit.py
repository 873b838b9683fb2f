"""Submitting studies to the service of a database, and cancelling them."""

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from sqlalchemy.engine import URL

from tuner.app.allowed_code import told_code
from tuner.app.events import SettingsChanged
from tuner.app.limits import DEFAULT_STUDY
from tuner.app.notify import Notifier
from tuner.app.resolve import refuse_few_trials, resolve, storage_url, study_name
from tuner.app.service_events import CodeNamed
from tuner.config.model import StudySpec
from tuner.errors import StudyDiffers, UsageProblem
from tuner.record_type import Record
from tuner.study import queue
from tuner.study import storage as databases
from tuner.study.queue import Submission
from tuner.study.stored import differences_in_meaning, load_stored, stored_names
from tuner.study.writer import StudyWriter


class SubmitRequest(Record):
    """What the service is to work on."""

    study: str = DEFAULT_STUDY  # a name, or the path of a study file
    storage: str | None = None
    name: str | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)  # keys of the study file
    environment: str | None = None
    confirm: bool = False  # the winner, at the end
    skip_check: bool = False


class Submitted(Record):
    """A submission in its queue."""

    submission: Submission
    ahead: tuple[str, ...]  # studies that come before
    url: URL


def submit(request: SubmitRequest, notifier: Notifier) -> Submitted:
    """Stores the spec, where it is not there yet, and queues it.

    Raises:
        StudyDiffers: where another study of that name is stored.
        StudyLocked: where it is worked on just now and the sampler, the pruner or a baseline is another one.
        UsageProblem: where it is one in stages.
    """
    url = storage_url(request.storage)
    spec = resolve(request.study, url, name=request.name, changes=request.changes, env=request.environment).spec
    spec = spec.model_copy(update={"on_trial_end": None})  # the service starts no commands
    if spec.stages:
        raise UsageProblem(f"study {spec.name!r} is one in stages: `tuner run` has those, the service takes plain ones")
    refuse_few_trials(spec)
    if databases.is_there(url):
        databases.refuse_foreign(url)
    databases.prepare_folder(url)
    if names := told_code(spec):
        notifier.notify(CodeNamed(names=names))
    with databases.storage_errors(url):
        opened = _stored(url, spec, notifier)
        made = queue.submit(
            opened, spec.name, trials=spec.trials, confirm=request.confirm, skip_check=request.skip_check
        )
        ahead = tuple(one.study for one in queue.submissions(opened) if one.open and one.at < made.at)
    return Submitted(submission=made, ahead=ahead, url=url)


def _stored(url: URL, spec: StudySpec, notifier: Notifier) -> databases.Storage:
    """The database, with the study in it."""
    if databases.is_there(url) and spec.name in stored_names(databases.open_to_read(url)):
        opened = databases.open_to_write(url)
        before = load_stored(opened, spec.name)[1]
        if differences := differences_in_meaning(before, spec):
            raise StudyDiffers(spec.name, differences)
        if before.model_copy(update={"trials": spec.trials}) == spec:
            return opened  # another process is working on it and holds its lock
    with databases.study_lock(url, spec.name) as lock:
        _, changes = StudyWriter.open(databases.open_to_write(url, lock), spec, databases.artifact_folder(url))
    if changes:
        notifier.notify(SettingsChanged(changes=tuple(changes)))
    return databases.open_to_write(url)


def cancel(study: str, storage: str | None) -> Submission:
    """Takes a study out of the queue; returns its submission as it was.

    Raises:
        NothingToShow: where it is not there.
    """
    url = storage_url(storage)
    with databases.storage_errors(url):
        databases.open_to_read(url)  # which says where there is no database
        return queue.cancel(databases.open_to_write(url), study_name(study))
