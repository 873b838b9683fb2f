"""Serving: the dashboard over the studies, and a service that works off what is submitted, beside it."""

import contextlib
import math
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy.engine import URL

from tuner import __version__, traces
from tuner.app import events, service_events
from tuner.app.allowed_code import refuse_code
from tuner.app.confirm import ConfirmRequest, confirm
from tuner.app.engine_options import EngineOptions, open_engine
from tuner.app.limits import DEFAULT_HOST, DEFAULT_PORT
from tuner.app.notify import Notifier
from tuner.app.resolve import storage_url
from tuner.app.study_stories import stories
from tuner.app.trackers import board_folder, refuse_untrackable
from tuner.app.tune import TuneRequest, work
from tuner.dashboard.access import listen, make_access
from tuner.dashboard.server import make_server, page_address
from tuner.errors import Cancelled, ClusterFailed, NothingToShow, StorageFailed, StudyLocked, TunerError, WorkerBroke
from tuner.record_type import Record
from tuner.study import queue
from tuner.study import storage as databases
from tuner.study.queue import Submission
from tuner.study.stored import load_stored

SERVER = "@server"  # the name of its lock, which no study can have
PAUSE = 2.0  # s between looks at an empty queue, and at whether what is worked on was cancelled


class ServeRequest(Record):
    """Which database is served, where, and by how many workers."""

    storage: str | None = None
    engine: EngineOptions = field(default_factory=EngineOptions)
    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    token_file: Path | None = None
    allowed: tuple[str, ...] = ()  # patterns of code besides installed packages; see `refuse_code`


@dataclass(kw_only=True)
class ServiceHealth:
    """What the health endpoint tells; nothing of it is secret."""

    study: str | None = None
    queued: int = 0
    ended: int = 0  # submissions, since the start
    alive_at: float = field(default_factory=time.time)  # s since the epoch, when the service last looked up

    def data(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "ok": True,
            "version": __version__,
            "study": self.study,
            "queued": self.queued,
            "ended": self.ended,
            "last_look": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.alive_at)),
        }


def serve(request: ServeRequest, notifier: Notifier) -> None:
    """Serves the dashboard and works off submissions, one after another, until Ctrl-C or SIGTERM.

    Raises:
        StudyLocked: where the database has a service already.
        StorageFailed: where it cannot be read or written any more.
    """
    url, health = storage_url(request.storage), ServiceHealth()
    if databases.is_there(url):
        databases.refuse_foreign(url)
    databases.prepare_folder(url)
    with databases.storage_errors(url), _alone(url) as lock:
        storage = databases.open_to_write(url, lock)
        with _dashboard(request, url, health, notifier):
            try:
                _work_off(request, storage, health, notifier)
            except KeyboardInterrupt:
                notifier.notify(events.Interrupted(what="service"))


@contextlib.contextmanager
def _alone(url: URL) -> Iterator[databases.Lock]:
    """The lock that makes this the database's only service."""
    with contextlib.ExitStack() as stack:
        lock = databases.study_lock(url, SERVER)
        try:
            stack.enter_context(lock)
        except StudyLocked as error:
            raise StudyLocked(
                f"{databases.describe(url)} has a service already, {error.holder}", error.holder
            ) from None
        yield lock


@contextlib.contextmanager
def _dashboard(request: ServeRequest, url: URL, health: ServiceHealth, notifier: Notifier) -> Iterator[None]:
    told = stories(url, named=request.storage is not None, allowed=request.allowed)
    with listen(request.host, request.port) as listener, told as teller:
        access = make_access(listener.getsockname()[0], request.token_file, writable=False)
        server = make_server(url, listener, access, health.data, teller)
        closing = threading.Event()

        def run() -> None:
            try:
                server.run()
            except (OSError, ValueError):  # its socket was closed under it, as below
                if not closing.is_set():
                    raise

        threading.Thread(target=run, name="dashboard", daemon=True).start()
        notifier.notify(service_events.ServiceBegan(address=page_address(listener, access), url=url))
        try:
            yield
        finally:
            closing.set()
            server.close()


def _work_off(request: ServeRequest, storage: databases.Storage, health: ServiceHealth, notifier: Notifier) -> None:
    """One submission after another, for ever."""
    told: set[str] = set()  # keys of submissions that another process works on
    while True:
        waiting = [one for one in queue.submissions(storage) if one.open]
        health.study, health.queued, health.alive_at = None, len(waiting), time.time()
        if not any(_worked(request, storage, one, health, told, notifier) for one in waiting):
            time.sleep(PAUSE)


def _worked(
    request: ServeRequest,
    storage: databases.Storage,
    submission: Submission,
    health: ServiceHealth,
    told: set[str],
    notifier: Notifier,
) -> bool:
    """Works on a submission until it has ended; false if another process works on the study."""
    try:
        with databases.study_lock(storage_url(request.storage), submission.study):
            pass
    except StudyLocked as error:
        if submission.key not in told:
            notifier.notify(service_events.SubmissionWaits(reason=str(error)))
        told.add(submission.key)
        return False
    health.study = submission.study
    state: queue.State
    notifier.notify(service_events.SubmissionBegan(submission=submission))
    try:
        state, reason = _ended(request, storage, submission, health, notifier)
    except StudyLocked as error:  # by a run that began a moment ago
        queue.put_back(storage, submission)
        notifier.notify(service_events.SubmissionWaits(reason=str(error)))
        told.add(submission.key)
        return False
    notifier.notify(service_events.SubmissionEnded(study=submission.study, state=state, reason=reason))
    with contextlib.suppress(NothingToShow):  # it was deleted meanwhile
        queue.end(storage, submission, state, reason)
    health.ended += 1
    return True


def _ended(
    request: ServeRequest, storage: databases.Storage, submission: Submission, health: ServiceHealth, notifier: Notifier
) -> tuple[queue.State, str]:
    """Runs it, and says how that ended."""
    last = -math.inf

    def look() -> None:
        nonlocal last
        if time.monotonic() - last < PAUSE:
            return
        last, health.alive_at = time.monotonic(), time.time()
        if queue.is_cancelled(storage, submission):
            raise Cancelled(f"study {submission.study!r} was cancelled")

    try:
        deaths = queue.begin(storage, submission)
        if deaths >= queue.MOST_ATTEMPTS:
            return "failed", f"the service died {deaths} times while it ran (see the service's log)"
        _run(request, storage, submission, look, notifier)
    except StudyLocked:
        raise
    except (StorageFailed, ClusterFailed, KeyboardInterrupt):  # not this study's fault: a manager restarts the service
        with contextlib.suppress(Exception):
            queue.put_back(storage, submission)
        raise
    except Cancelled:
        return "cancelled", ""
    except Exception as error:  # noqa: BLE001 - one study's fault never blocks the others
        return "failed", _why(error)
    return "done", ""


def _why(error: Exception) -> str:
    """Why a submission failed; what nobody foresaw with the file of its traceback."""
    if isinstance(error, WorkerBroke):
        return f"{error} (traceback in {traces.write(error.trace)})"
    if isinstance(error, TunerError):
        return str(error)
    log = traces.write(traceback.format_exc())
    return f"{type(error).__name__}: {error} - internal error; traceback in {log}"


def _run(
    request: ServeRequest,
    storage: databases.Storage,
    submission: Submission,
    look: Callable[[], None],
    notifier: Notifier,
) -> None:
    _, stored = load_stored(storage, submission.study)
    spec = stored.model_copy(update={"trials": submission.trials})
    refuse_code(spec, request.allowed)
    refuse_untrackable(spec)
    run = TuneRequest(
        study=spec.name,
        storage=request.storage,
        engine=request.engine,
        skip_check=submission.skip_check,
        curves=board_folder(spec, storage_url(request.storage), None),
    )
    look()
    with open_engine(request.engine, spec, notifier, look=look) as engine:
        work(run, spec, storage_url(request.storage), engine, notifier)
    if submission.confirm:
        asked = ConfirmRequest(
            study=spec.name, engine=request.engine, storage=request.storage, look=look, allowed=request.allowed
        )
        if confirm(asked, notifier).interrupted:
            raise KeyboardInterrupt
