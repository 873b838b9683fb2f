"""Locks on files: they end with their process, name their holder, and are never waited for in silence."""

import contextlib
import errno
import json
import logging
import os
import socket
import stat
import time
from pathlib import Path
from urllib.parse import quote

import filelock

from tuner.errors import StorageFailed, StudyLocked

NOT_WRITABLE = "read-only disk or missing permissions: fix that, or give another with --storage"


PATIENCE = 1.0  # s before a wait is told

_log = logging.getLogger(__name__)


def take(path: Path, *, wait: float = 0.0) -> filelock.BaseFileLock:
    """Takes a lock on a file and writes its holder into it; the operating system releases it when the process ends.

    A wait of more than a second is logged with the holder.

    Raises:
        filelock.Timeout: if another process holds it for longer than `wait` (s).
        OSError: if the file cannot be written, or is a link or no file.
    """
    _open(path)  # raises; filelock would retry forever if the file cannot be made
    lock = filelock.FileLock(path, fallback_to_soft=False)  # a soft lock would outlive its process
    try:
        lock.acquire(timeout=min(wait, PATIENCE))
    except filelock.Timeout:
        if wait <= PATIENCE:
            raise
        _log.warning("waiting up to %g s for %s, held by %s", wait, path, holder(path))
        lock.acquire(timeout=wait - PATIENCE)
    record = {"host": socket.gethostname(), "pid": os.getpid(), "since": time.strftime("%Y-%m-%d %H:%M:%S")}
    with contextlib.suppress(OSError):  # a full disk, or locked files are read-only
        _open(path, json.dumps(record))
    return lock


def _open(path: Path, text: str | None = None) -> None:
    """Makes the file, or replaces its text; follows no link and waits for no pipe, which others may have put there."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
    if path.is_symlink() or (path.exists() and not stat.S_ISREG(path.stat().st_mode)):
        raise FileExistsError(errno.EEXIST, "it is a link, or no file", str(path))
    descriptor = os.open(path, flags, 0o666)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        if text is not None:
            file.truncate()
            file.write(text)


def holder(path: Path) -> str:
    """Who holds a lock, by its file."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return f"process {record['pid']} on {record['host']} since {record['since']}"
    except (OSError, ValueError, KeyError, TypeError):  # the holder has not written it yet
        return "another process"


def unwritable(what: str, error: OSError) -> StorageFailed:
    """The error where a file beside the database cannot be written, and the way out."""
    way_out = NOT_WRITABLE if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM) else "choose another --storage"
    return StorageFailed(f"cannot write {what}: {error.strerror} ({way_out})")


class StudyLock:
    """An exclusive lock on a file beside the database.

    The file stays after the release: removing it would let two processes lock two files of one name. Its name is of one
    database and study alone: characters of the study's name that a file name cannot have, and dots, are
    percent-encoded, and the lock of a database itself ends otherwise.
    """

    def __init__(self, database: Path, study: str, what: str | None = None) -> None:
        """Stores `what`, the description for errors if the lock is not a study's."""
        self._what = what or f"study {study!r}"
        encoded = quote(study, safe="").replace(".", "%2E")
        self._path = database.with_name(f"{database.name}.{encoded}.study-lock")
        self._lock: filelock.BaseFileLock | None = None

    def __enter__(self) -> "StudyLock":
        """Takes the lock, without waiting for another process.

        Raises:
            StudyLocked: if another process holds it, naming host, process id and start time.
            StorageFailed: if the file cannot be written.
        """
        try:
            self._lock = take(self._path)
        except filelock.Timeout:
            raise StudyLocked.held(self._what, holder(self._path)) from None
        except OSError as error:
            raise unwritable(f"the lock file {self._path}", error) from None
        return self

    def __exit__(self, *_: object) -> None:
        """Releases the lock."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None
