"""What `tuner serve` does: one submitted study after another, by the very loop of `tuner run`, beside the dashboard."""

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from optuna.storages import BaseStorage
from sqlalchemy.engine import URL

from tuner import __version__
from tuner.cli.confirming import Request as ConfirmRequest
from tuner.cli.confirming import confirm_study
from tuner.cli.engine import open_engine
from tuner.cli.opening import storage_url
from tuner.cli.words import say
from tuner.cli.workforce import Workforce
from tuner.cli.working import Request as RunRequest
from tuner.cli.working import work
from tuner.dashboard.access import listen, make_access
from tuner.dashboard.server import make_server, page_address
from tuner.errors import Cancelled, ClusterFailed, NothingToShow, StorageFailed, StudyLocked, TunerError
from tuner.study import queue
from tuner.study.queue import Submission
from tuner.study.storage import (
    Lock,
    describe,
    is_there,
    open_to_write,
    prepare_folder,
    refuse_foreign,
    storage_errors,
    study_lock,
)
from tuner.study.stored import load_stored

SERVER = "@server"  # the name of its lock, which no study can have
PAUSE = 2.0  # s between looks at an empty queue


@dataclass(frozen=True, kw_only=True)
class Request:
    """What was asked for."""

    storage: str | None
    force: Workforce
    host: str
    port: int
    token_file: Path | None


@dataclass(kw_only=True)
class Health:
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


def serve(request: Request) -> int:
    """Serves until Ctrl-C or SIGTERM; returns the exit code."""
    url, health = storage_url(request.storage), Health()
    if is_there(url):
        refuse_foreign(url)
    prepare_folder(url)
    with storage_errors(url), _alone(url) as lock:
        storage = open_to_write(url, lock)
        with _dashboard(request, url, health):
            try:
                _work_off(request, storage, health)
            except KeyboardInterrupt:
                say("Stopped. Every finished trial is kept; the same command goes on.")
    return 0


@contextlib.contextmanager
def _alone(url: URL) -> Iterator[Lock]:
    """The lock that makes this the database's only service.

    Raises:
        StudyLocked: where another service has it, saying who and since when.
    """
    with contextlib.ExitStack() as stack:
        lock = study_lock(url, SERVER)
        try:
            stack.enter_context(lock)
        except StudyLocked as error:
            who = str(error).partition(" by ")[2] or str(error)
            raise StudyLocked(f"{describe(url)} has a service already, {who}") from None
        yield lock


@contextlib.contextmanager
def _dashboard(request: Request, url: URL, health: Health) -> Iterator[None]:
    with listen(request.host, request.port) as listener:
        access = make_access(listener.getsockname()[0], request.token_file, writable=False)
        server = make_server(url, listener, access, health.data)
        threading.Thread(target=server.run, name="dashboard", daemon=True).start()
        say(f"Dashboard: {page_address(listener, access)} (Ctrl-C ends the service)")
        say(f"Working off what is submitted to {describe(url)}")
        try:
            yield
        finally:
            server.close()


def _work_off(request: Request, storage: BaseStorage, health: Health) -> None:
    """One submission after another, for ever."""
    told: set[str] = set()  # submissions that somebody else works on
    while True:
        waiting = [one for one in queue.submissions(storage) if one.open]
        health.study, health.queued, health.alive_at = None, len(waiting), time.time()
        if not any(_worked(request, storage, one, health, told) for one in waiting):
            time.sleep(PAUSE)


def _worked(request: Request, storage: BaseStorage, submission: Submission, health: Health, told: set[str]) -> bool:
    """Works on a submission until it has ended; false where somebody else does."""
    try:
        with study_lock(storage_url(request.storage), submission.study):
            pass
    except StudyLocked as error:
        if submission.key not in told:
            say(f"{error}; the service comes back to it.")
        told.add(submission.key)
        return False
    health.study = submission.study
    say(f"\n{time.strftime('%Y-%m-%d %H:%M:%S')} study {submission.study!r}, to {submission.trials} finished trials")
    state, reason = _ended(request, storage, submission, health)
    with contextlib.suppress(NothingToShow):  # somebody deleted it
        queue.end(storage, submission, state, reason)
    health.ended += 1
    return True


def _ended(request: Request, storage: BaseStorage, submission: Submission, health: Health) -> tuple[queue.State, str]:
    """Runs it, and says how that ended."""

    def look() -> None:
        health.alive_at = time.time()
        if queue.is_cancelled(storage, submission):
            raise Cancelled(f"study {submission.study!r} was cancelled")

    try:
        queue.begin(storage, submission)
        _run(request, storage, submission, look)
    except (StorageFailed, StudyLocked, ClusterFailed):
        raise  # no trouble of this study's own: whoever watches over the service starts it again
    except Cancelled as error:
        say(f"{error}; what is finished is kept.")
        return "cancelled", ""
    except TunerError as error:
        say(f"Study {submission.study!r} failed: {error}")
        return "failed", str(error)
    say(f"Study {submission.study!r} is done.")
    return "done", ""


def _run(request: Request, storage: BaseStorage, submission: Submission, look: Any) -> None:
    _, stored = load_stored(storage, submission.study)
    spec = stored.model_copy(update={"trials": submission.trials})
    url = storage_url(request.storage)
    run = RunRequest(
        study=spec.name,
        storage=request.storage,
        name=None,
        changes={},
        environment=None,
        force=request.force,
        as_json=False,
        skip_check=submission.skip_check,
    )
    look()
    with open_engine(request.force, spec, look=look) as engine:
        work(run, spec, url, engine)
    if submission.confirm:
        asked = ConfirmRequest(
            study=spec.name,
            force=request.force,
            storage=request.storage,
            look=look,
        )
        _, interrupted = confirm_study(asked)
        if interrupted:
            raise KeyboardInterrupt
