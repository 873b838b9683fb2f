"""One coordinator per study on PostgreSQL: a lock that is held by the connection that writes."""

import contextlib
import hashlib
import logging
import os
import re
import socket
import time
from typing import TYPE_CHECKING, Any

import psutil
from sqlalchemy.engine import URL

from tuner.errors import StudyLocked
from tuner.study import postgres

if TYPE_CHECKING:
    import psycopg

_log = logging.getLogger(__name__)

GRACE = 10.0  # s for the server to notice that a connection of this machine has ended
PATIENCE = 1.0  # s before a wait is told
POLL = 0.1  # s
NAME = re.compile(r"tuner (?P<pid>\d+) (?P<since>\d{8}T\d{6}) (?P<host>.+)")  # application_name of a session
HOLDER = """
SELECT a.pid, coalesce(a.application_name, '') FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
AND l.classid::bigint = %s AND l.objid::bigint = %s
"""


class AdvisoryLock:
    """An exclusive session lock; the server releases it when the connection ends.

    The study is written over the connection that holds the lock, so nothing can be written without the lock. After a
    lost connection, the next one takes the lock again before it is used; by then the server has ended the former one,
    so no write of the former connection can follow.
    """

    def __init__(self, url: URL, study: str) -> None:
        self._url = url
        self._study = study
        self._key = key_of(study)
        self._name = f"tuner {os.getpid()} {time.strftime('%Y%m%dT%H%M%S')} {socket.gethostname()}"[:63]
        self._connection: psycopg.Connection[Any] | None = None
        self._fresh = False  # whether the connection was not used yet
        self._former: int | None = None  # the server's process id of the former connection
        self._refusal: str | None = None

    def __enter__(self) -> "AdvisoryLock":
        """Takes the lock, without waiting for another process.

        Raises:
            StudyLocked: if another process holds it, naming host, process id and start time.
            StorageFailed: if the server cannot be reached.
        """
        with postgres.errors(self._url):
            self._connection = self._take()
        self._fresh = True
        return self

    def __exit__(self, *_: object) -> None:
        """Releases the lock and closes the connection."""
        connection, self._connection = self._connection, None
        self._refusal = f"study {self._study!r}: its lock was released"
        if connection is None:
            return
        psycopg = postgres.load_driver(self._url)
        with contextlib.suppress(psycopg.Error):  # a lost connection has released it
            connection.rollback()
            connection.execute("SELECT pg_advisory_unlock(%s)", [self._key])
            connection.commit()
        connection.close()

    def connect(self) -> "psycopg.Connection[Any]":
        """The connection that holds the lock; a new one after the former was lost.

        Raises:
            StudyLocked: if another process took the lock meanwhile, and at every later call.
        """
        if self._refusal is not None:
            raise StudyLocked(self._refusal)
        if self._connection is not None and self._fresh:
            self._fresh = False
            return self._connection
        if self._connection is not None:
            self._former = self._connection.info.backend_pid
            self._connection.close()
            self._connection = None
        try:
            self._connection = self._take()
        except StudyLocked as error:
            self._refusal = f"the connection was lost, and meanwhile {error}"
            raise StudyLocked(self._refusal) from None
        return self._connection

    def _take(self) -> "psycopg.Connection[Any]":
        connection = postgres.connect(self._url, name=self._name)
        try:
            connection.autocommit = True
            begun, told = time.monotonic(), False
            while not _locked(connection, self._key):
                waited = time.monotonic() - begun
                self._check_holder(connection, begun + GRACE)
                if waited > PATIENCE and not told:
                    _log.warning(
                        "waiting up to %g s for the lock of study %r, whose holder has ended", GRACE, self._study
                    )
                    told = True
                time.sleep(POLL)
            connection.autocommit = False
        except BaseException:
            connection.close()
            raise
        return connection

    def _check_holder(self, connection: "psycopg.Connection[Any]", deadline: float) -> None:
        """Raises if a live process holds the lock; a lock of a dead process of this machine is waited for."""
        found = connection.execute(HOLDER, [self._key >> 32 & 0xFFFFFFFF, self._key & 0xFFFFFFFF]).fetchone()
        if found is None:  # released meanwhile
            if time.monotonic() > deadline:
                raise StudyLocked.held(f"study {self._study!r}", "another session")
            return
        process, name = found
        if process == self._former and name == self._name:
            connection.execute("SELECT pg_terminate_backend(%s)", [process])
        elif not _is_dead_here(name) or time.monotonic() > deadline:
            raise StudyLocked.held(f"study {self._study!r}", _holder(process, name))


def key_of(study: str) -> int:
    """The key of a study's lock: a signed 64-bit hash of the name."""
    return int.from_bytes(hashlib.sha256(f"tuner:{study}".encode()).digest()[:8], "big", signed=True)


def _locked(connection: "psycopg.Connection[Any]", key: int) -> bool:
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", [key]).fetchone()
    return row is not None and row[0] is True


def _is_dead_here(name: str) -> bool:
    """Whether a session belongs to a process of this machine that has ended."""
    found = NAME.fullmatch(name)
    return (
        found is not None
        and socket.gethostname().startswith(found["host"])
        and not psutil.pid_exists(int(found["pid"]))
    )


def _holder(process: int, name: str) -> str:
    found = NAME.fullmatch(name)
    if found is None:
        return f"another session (process {process} of the server)"
    since = time.strftime("%Y-%m-%d %H:%M:%S", time.strptime(found["since"], "%Y%m%dT%H%M%S"))
    return f"process {found['pid']} on {found['host']} since {since}"
