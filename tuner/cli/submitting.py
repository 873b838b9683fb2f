"""What `tuner submit` and `tuner cancel` do: they write to the database, and whoever serves it reads there."""

from collections.abc import Mapping
from typing import Any

from optuna.storages import BaseStorage
from sqlalchemy.engine import URL

from tuner.cli.opening import storage_url, study_name
from tuner.cli.resolve import refuse_few_trials, resolve
from tuner.cli.words import say
from tuner.config.model import StudySpec
from tuner.errors import MeaningChanged, UsageProblem
from tuner.study import queue
from tuner.study.storage import (
    artifact_folder,
    describe,
    is_there,
    open_to_read,
    open_to_write,
    prepare_folder,
    refuse_foreign,
    storage_errors,
    study_lock,
)
from tuner.study.stored import differences_in_meaning, load_stored, stored_names
from tuner.study.writer import StudyWriter


def submit_study(
    argument: str,
    storage: str | None,
    *,
    name: str | None,
    changes: Mapping[str, Any],
    env: str | None,
    confirm: bool,
    skip_check: bool,
) -> None:
    """Stores the spec, where it is not there yet, and queues it.

    Raises:
        MeaningChanged: where another study of that name is stored.
        StudyLocked: where it is worked on just now and the sampler, the pruner or a baseline is another one.
        UsageProblem: where it is one in stages.
    """
    url = storage_url(storage)
    spec = resolve(argument, url, name=name, changes=changes, env=env).spec
    if spec.stages:
        raise UsageProblem(f"study {spec.name!r} is one in stages: `tuner run` has those, the service takes plain ones")
    refuse_few_trials(spec)
    if is_there(url):
        refuse_foreign(url)
    prepare_folder(url)
    with storage_errors(url):
        opened = _stored(url, spec)
        made = queue.submit(opened, spec.name, trials=spec.trials, confirm=confirm, skip_check=skip_check)
        ahead = [one.study for one in queue.submissions(opened) if one.open and one.at < made.at]
    say(f"Submitted study {spec.name!r}, {made.trials} trials, to {describe(url)}")
    say(f"Ahead of it: {', '.join(ahead)}" if ahead else "It is next: `tuner serve` works on it.")


def _stored(url: URL, spec: StudySpec) -> BaseStorage:
    """The database, with the study in it."""
    if is_there(url) and spec.name in stored_names(open_to_read(url)):
        opened = open_to_write(url)
        before = load_stored(opened, spec.name)[1]
        if differences := differences_in_meaning(before, spec):
            raise MeaningChanged(spec.name, differences)
        if before.model_copy(update={"trials": spec.trials}) == spec:
            return opened  # whoever works on it just now keeps its lock
    with study_lock(url, spec.name) as lock:
        _, changes = StudyWriter.open(open_to_write(url, lock), spec, artifact_folder(url))
    for change in changes:
        say(f"Since the last run, {change}.")
    return open_to_write(url)


def cancel_study(argument: str, storage: str | None) -> None:
    """Takes it out of the queue.

    Raises:
        NothingToShow: where it is not there.
    """
    url = storage_url(storage)
    with storage_errors(url):
        open_to_read(url)  # which says where there is no database
        found = queue.cancel(open_to_write(url), study_name(argument))
    now = "the service stops within seconds" if found.state == "running" else "nothing was begun"
    say(f"Cancelled study {found.study!r}: {now}; what is finished is kept.")
