"""The work of a run: a look at what is new, the trials that are missing, what the study has come to."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optuna import Study
from optuna.storages import BaseStorage
from sqlalchemy.engine import URL

from tuner.checking.check import behind_normalize, refuse_wrong, run_check
from tuner.checking.plan import quick
from tuner.cli import words
from tuner.cli.progress import make_progress
from tuner.cli.workforce import Workforce
from tuner.config.model import StudySpec
from tuner.coordinator import coordinate
from tuner.engines.base import Engine
from tuner.engines.once import run_once
from tuner.planning import estimate
from tuner.planning.time_limit import last_start
from tuner.reporting.summary import Summary, summarise
from tuner.study.search_source import SearchSource
from tuner.study.storage import (
    artifact_folder,
    half_made,
    is_there,
    open_to_read,
    open_to_write,
    prepare_folder,
    refuse_foreign,
    storage_errors,
    study_lock,
)
from tuner.study.stored import load_stored, stored_names
from tuner.study.writer import StudyWriter


@dataclass(frozen=True, kw_only=True)
class Request:
    """What was asked for."""

    study: str
    storage: str | None
    name: str | None
    changes: Mapping[str, Any]
    environment: str | None
    force: Workforce
    as_json: bool
    skip_check: bool = False
    staged: bool = False
    baselines: tuple[str, ...] = ()  # files
    from_study: str | None = None
    board: Path | None = None  # where TensorBoard's curves go
    confirm: bool = False  # the winner, at the end
    deadline: float | None = None  # on the monotonic clock
    dry_run: bool = False


def work(request: Request, spec: StudySpec, url: URL, engine: Engine) -> Summary:
    """Runs what is missing; returns what the study has come to.

    Nothing is written before the spec, the environment and the database proved sound.
    """
    seconds: float | None = None
    if is_there(url):
        refuse_foreign(url)
    else:
        seconds = _first_look(request, spec, engine)
    prepare_folder(url)
    with study_lock(url, spec.name) as lock:
        storage = open_to_write(url, lock)
        if seconds is None and _is_new(storage, spec.name):
            seconds = _first_look(request, spec, engine)
        writer, changes = StudyWriter.open(storage, spec, artifact_folder(url))
        for change in changes:
            words.say(f"Since the last run, {change}.")
        _run(writer, spec, engine, seconds, request)
        return summarise(writer.study, spec)


def _is_new(storage: BaseStorage, name: str) -> bool:
    """Whether a study is not there, or was only submitted."""
    return name not in stored_names(storage) or not storage.get_all_trials(storage.get_study_id_from_name(name))


def _first_look(request: Request, spec: StudySpec, engine: Engine) -> float:
    """What a new study is refused for, then the seconds of a full trial."""
    if not request.skip_check:
        look(request, spec)
    return _measure(request, spec, engine)


def look(request: Request, spec: StudySpec) -> None:
    """Takes a short look at the environment of a new study.

    Raises:
        CheckFailed: where something is wrong with it.
    """
    words.say("Looking at the environment …")
    ref, plan = spec.environment.ref(), quick()
    inline = request.force.inline
    report = run_check(ref, plan, spec.algorithm) if inline else run_once(run_check, ref, plan, spec.algorithm)
    report = behind_normalize(report, spec.space.fixed)
    refuse_wrong(report)
    words.tell_warnings(report)


def _measure(request: Request, spec: StudySpec, engine: Engine) -> float:
    engine.prepare(spec.trials)
    words.say(f"Measuring {'a node' if request.force.engine == 'ray' else 'this machine'}'s speed …")
    return estimate.measure(engine, spec)


def _run(writer: StudyWriter, spec: StudySpec, engine: Engine, seconds: float | None, request: Request) -> None:
    retried = writer.recover()
    if retried:
        words.say(f"{retried} unfinished trial{'s' * (retried > 1)} of an earlier run will run again.")
    writer.enqueue_baselines()
    done = writer.count_finished()
    missing = max(spec.trials - done, 0)
    if not missing:
        words.say(f"Nothing to do: the study has {done} finished trials of {spec.trials} (more with --trials).")
        if waiting := writer.waiting():
            words.say(f"Baseline {', '.join(waiting)} has yet to run: --trials {done + len(waiting)} or more.")
        return
    engine.prepare(missing)
    known = estimate.typical_seconds(writer.full_trial_seconds()) or seconds or _measure(request, spec, engine)
    forecast = estimate.minutes(missing, engine.workers, spec, known)
    words.foretell(missing, engine.workers, forecast)
    source = SearchSource(writer, spec, spec.trials, request.board)
    with make_progress(spec, done=done, workers=engine.workers, forecast=forecast, best=writer.best()) as progress:
        coordinate(source, engine, progress, last_start=last_start(request.deadline, known))
    if writer.count_finished() < spec.trials:
        words.say(words.time_is_over("trial", known))


def stored_study(name: str, url: URL) -> tuple[Study, StudySpec] | None:
    """A study to read from, None where it was not made yet."""
    if not is_there(url) or half_made(url):
        return None
    with storage_errors(url):
        storage = open_to_read(url)
        return load_stored(storage, name) if name in stored_names(storage) else None
