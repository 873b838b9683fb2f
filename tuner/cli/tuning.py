"""What `tuner run` does, once the command line is read."""

import contextlib
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import URL

from tuner import estimate
from tuner.checking.check import refuse_wrong, run_check
from tuner.checking.plan import quick
from tuner.cli import words
from tuner.cli.opening import storage_url
from tuner.cli.options import INTERRUPTED
from tuner.cli.progress import make_progress
from tuner.cli.resolve import refuse_few_trials, resolve
from tuner.cli.tables import print_summary
from tuner.cli.warm import warmed
from tuner.coordinator import coordinate
from tuner.engines.base import Engine
from tuner.engines.inline import InlineEngine
from tuner.engines.once import run_once
from tuner.engines.processes import ProcessEngine
from tuner.reporting.summary import Summary, summarise
from tuner.spec.model import StudySpec
from tuner.study.ledger import Ledger
from tuner.study.lock import StudyLock
from tuner.study.storage import (
    artifact_folder,
    database_path,
    open_to_read,
    open_to_write,
    prepare_folder,
    refuse_foreign,
    storage_errors,
)
from tuner.study.stored import load_stored, stored_names
from tuner.study.tuning import TuningSource


@dataclass(frozen=True, kw_only=True)
class Request:
    """What was asked for."""

    study: str
    storage: str | None
    name: str | None
    changes: Mapping[str, Any]
    environment: str | None
    engine: str
    workers: int
    as_json: bool
    skip_check: bool = False
    baselines: tuple[str, ...] = ()  # files
    from_study: str | None = None


def tune(request: Request) -> int:
    """Runs a study to its number of trials; returns the exit code."""
    url = storage_url(request.storage)
    resolved = resolve(request.study, url, name=request.name, changes=request.changes, env=request.environment)
    spec = warmed(resolved.spec, request.baselines, request.from_study, request.storage)
    refuse_few_trials(spec)
    words.announce(spec, resolved.source, url, resolved.timesteps_asked)
    words.tell_left(spec, resolved.left)
    try:
        with storage_errors(url), _engine(request, spec) as engine:
            summary = _work(request, spec, url, engine)
    except KeyboardInterrupt:
        return _conclude(_read_summary(spec.name, url), url, request, interrupted=True)
    return _conclude(summary, url, request, interrupted=False)


@contextlib.contextmanager
def _engine(request: Request, spec: StudySpec) -> Iterator[Engine]:
    """Its workers end with the block."""
    engine: Engine
    if request.engine == "inline":
        engine = InlineEngine()
    else:
        engine = ProcessEngine(request.workers, warm=spec.environment.ref())
    try:
        yield engine
    finally:
        engine.stop()


def _work(request: Request, spec: StudySpec, url: URL, engine: Engine) -> Summary:
    """Runs what is missing; returns what the study has come to.

    Nothing is written before the spec, the environment and the database proved sound.
    """
    seconds: float | None = None
    if database_path(url).is_file():
        refuse_foreign(url)
    else:
        seconds = _first_look(request, spec, engine)
    prepare_folder(url)
    with StudyLock(database_path(url), spec.name):
        storage = open_to_write(url)
        if seconds is None and spec.name not in stored_names(storage):
            seconds = _first_look(request, spec, engine)
        ledger, changes = Ledger.open(storage, spec, artifact_folder(url))
        for change in changes:
            words.say(f"Since the last run, {change}.")
        _run(ledger, spec, engine, seconds)
        return summarise(ledger.study, spec)


def _first_look(request: Request, spec: StudySpec, engine: Engine) -> float:
    """What a new study is refused for, then the seconds of a full trial."""
    if not request.skip_check:
        words.say("Looking at the environment …")
        ref, plan = spec.environment.ref(), quick()
        algorithm = spec.algorithm
        inline = request.engine == "inline"
        report = run_check(ref, plan, algorithm) if inline else run_once(run_check, ref, plan, algorithm)
        refuse_wrong(report)
        words.tell_warnings(report)
    return _measure(spec, engine)


def _measure(spec: StudySpec, engine: Engine) -> float:
    engine.prepare(spec.trials)
    words.say("Measuring this machine's speed …")
    return estimate.measure(engine, spec)


def _run(ledger: Ledger, spec: StudySpec, engine: Engine, seconds: float | None) -> None:
    retried = ledger.recover()
    if retried:
        words.say(f"{retried} unfinished trial{'s' * (retried > 1)} of an earlier run will run again.")
    ledger.enqueue_baselines()
    done = ledger.count_finished()
    missing = max(spec.trials - done, 0)
    if not missing:
        words.say(f"Nothing to do: the study has {done} finished trials of {spec.trials} (more with --trials).")
        return
    engine.prepare(missing)
    known = estimate.typical_seconds(ledger.full_trial_seconds()) or seconds or _measure(spec, engine)
    forecast = estimate.minutes(missing, engine.workers, spec, known)
    words.foretell(missing, engine.workers, forecast)
    source = TuningSource(ledger, spec, spec.trials)
    with make_progress(spec, done=done, workers=engine.workers, forecast=forecast, best=ledger.best()) as progress:
        coordinate(source, engine, progress)


def _conclude(summary: Summary | None, url: URL, request: Request, *, interrupted: bool) -> int:
    """Prints what the study has come to; returns the exit code."""
    if interrupted:
        kept = "Every finished trial is kept" if summary else "Nothing was written"
        words.say(f"Stopped. {kept}; the same command goes on.")
    if summary and request.as_json:
        sys.stdout.write(json.dumps(summary.data(), indent=2) + "\n")
    elif summary:
        commands = [] if interrupted else words.next_commands(summary, url, _run_again(request))
        print_summary(summary, next_commands=commands)
    return INTERRUPTED if interrupted else 0


def _read_summary(name: str, url: URL) -> Summary | None:
    """The study's state, None where it was not made yet."""
    if not database_path(url).is_file():
        return None
    with storage_errors(url):
        storage = open_to_read(url)
        return summarise(*load_stored(storage, name)) if name in stored_names(storage) else None


def _run_again(request: Request) -> list[str]:
    """The arguments of `tuner run` that lead to the same study again."""
    meaning = {
        "--name": request.name,
        "--timesteps": request.changes.get("timesteps"),
        "--env": request.environment,
        "--space": request.changes.get("space"),
        "--algorithm": request.changes.get("algorithm"),
    }
    options = [word for option, value in meaning.items() if value is not None for word in (option, str(value))]
    return [request.study, *options]
