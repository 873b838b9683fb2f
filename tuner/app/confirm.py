"""Confirmation: the best trials and the baselines on new training seeds and evaluation episodes."""

from collections.abc import Callable
from dataclasses import field
from pathlib import Path

from sqlalchemy.engine import URL

from tuner.app import events
from tuner.app.allowed_code import refuse_code
from tuner.app.engine_options import EngineOptions, open_engine
from tuner.app.limits import last_start
from tuner.app.notify import ConfirmationUnderWay, Notifier
from tuner.app.resolve import open_study, storage_url
from tuner.config.environment_ids import same_environment
from tuner.config.load import find, is_path, load_study
from tuner.config.model import StudySpec
from tuner.confirmation.confirmation_source import ConfirmationSource
from tuner.coordinator import coordinate
from tuner.engines.base import Engine
from tuner.errors import UsageProblem
from tuner.finals.confirmation_plan import DEFAULT_SEEDS, DEFAULT_TOP, at_most
from tuner.planning import estimate
from tuner.record_type import Record
from tuner.results.confirmation_arms import make_plan
from tuner.results.confirmation_reading import Confirmation, conclude
from tuner.study.confirmation_writer import AskedConfirmation, ConfirmationWriter
from tuner.study.reader import StudyReader, open_reader, reader_of
from tuner.study.storage import Lock, open_to_write, storage_errors, study_lock


class ConfirmRequest(Record):
    """What is to be confirmed, and how thoroughly."""

    study: str  # a name or a file
    storage: str | None = None
    engine: EngineOptions = field(default_factory=EngineOptions)
    top: int = DEFAULT_TOP  # trials that run for the test
    seeds: int = DEFAULT_SEEDS  # of the test, each configuration
    deadline: float | None = None  # on the monotonic clock
    look: Callable[[], None] | None = None  # called now and then; what it raises ends the run
    allowed: tuple[str, ...] | None = None  # code that may be run, see `refuse_code`; None for everything


class ConfirmResult(Record):
    """What there is now."""

    confirmation: Confirmation
    interrupted: bool = False  # whether Ctrl-C ended it early


def confirm(request: ConfirmRequest, notifier: Notifier) -> ConfirmResult:
    """Runs what is missing.

    Raises:
        UnknownName: where the database holds no such study.
        NothingToShow: where it has no completed trial.
        UsageProblem: where the file named is of another environment.
    """
    url, reader = storage_url(request.storage), open_study(request.study, request.storage)
    _refuse_elsewhere(request.study, reader.spec)
    if request.allowed is not None:  # before workers make its environment
        refuse_code(reader.spec, request.allowed)
    make_plan(reader.rows, reader.spec, top=request.top, test_seeds=request.seeds)
    try:
        with (
            storage_errors(url),
            study_lock(url, reader.name) as lock,
            open_engine(request.engine, reader.spec, notifier, look=request.look) as engine,
        ):
            return ConfirmResult(confirmation=_work(request, reader.name, url, lock, engine, notifier))
    except KeyboardInterrupt:
        notifier.notify(events.Interrupted(what="run"))
    again = open_reader(url, reader.name)
    plan = make_plan(again.rows, again.spec, top=request.top, test_seeds=request.seeds)
    return ConfirmResult(confirmation=conclude(plan, again.spec, again.confirmation_results()), interrupted=True)


def _refuse_elsewhere(argument: str, stored: StudySpec) -> None:
    """Refuses a file whose study is not the stored one of its name."""
    if not is_path(argument) or not Path(argument).is_file():
        return
    written = load_study(find("studies", argument)).environment
    there = stored.environment
    if not same_environment(written.id, there.id) or written.kwargs != there.kwargs:
        raise UsageProblem(
            f"{argument} is of {written.id} {written.kwargs or ''}".rstrip()
            + f", and the stored study {stored.name!r} of {there.id} {there.kwargs or ''}".rstrip()
            + f": name the stored one ({stored.name}) to confirm it, or tune the file under another --name"
        )


def _work(request: ConfirmRequest, name: str, url: URL, lock: Lock, engine: Engine, notifier: Notifier) -> Confirmation:
    """Under the lock: the study's trials are read again, since another process may have added some."""
    storage = open_to_write(url, lock)
    reader: StudyReader = reader_of(storage, url, name)
    spec, rows = reader.spec, reader.rows
    if request.allowed is not None:  # read again, it may be another
        refuse_code(spec, request.allowed)
    plan = make_plan(rows, spec, top=request.top, test_seeds=request.seeds)
    writer = ConfirmationWriter.open(storage, spec)
    names = tuple(arm.name for arm in plan.arms)
    writer.note(AskedConfirmation(top=request.top, seeds=request.seeds, arms=names, trials=len(rows)))
    if cut := writer.recover():
        notifier.notify(events.Retried(count=cut, what="run"))
    source = ConfirmationSource(writer, spec, plan)
    before = conclude(plan, spec, writer.results())
    if before.complete:
        notifier.notify(events.NothingToRun(what="run", finished=before.planned, target=before.planned))
        return before
    notifier.notify(events.ConfirmationAnnounced(plan=plan, spec=spec, url=url))
    full = [row.seconds for row in rows if row.value is not None and row.seconds is not None]
    seconds = estimate.typical_seconds([*writer.seconds(), *full]) or 0.0
    missing = at_most(plan, writer.results()) - before.done
    notifier.notify(events.ConfirmationEstimated(missing=missing, workers=engine.workers, seconds=seconds))
    engine.prepare(engine.workers)
    under_way = ConfirmationUnderWay(
        spec=spec, source=source, workers=engine.workers, steps=spec.timesteps, seconds=seconds
    )
    with notifier.progress(under_way) as listener:
        coordinate(source, engine, listener, last_start=last_start(request.deadline, seconds))
    found = conclude(plan, spec, writer.results())
    if not found.complete:
        notifier.notify(events.TimeOver(what="run", seconds=seconds))
    return found
