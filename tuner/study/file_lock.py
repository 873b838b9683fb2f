"""One coordinator per study on SQLite: a file lock that ends with its process."""

import contextlib
import errno
import json
import os
import socket
import time
from pathlib import Path
from urllib.parse import quote

import filelock

from tuner.errors import StorageFailed, StudyLocked

NOT_WRITABLE = "read-only disk or missing permissions: fix that, or give another with --storage"


def take(path: Path, *, wait: bool) -> filelock.BaseFileLock:
    """Takes a lock on a file; the operating system releases it when the process ends.

    Raises:
        filelock.Timeout: if another process holds it and `wait` is false.
        OSError: if the file cannot be written.
    """
    path.open("a").close()  # raises; filelock would retry forever if the file cannot be made
    lock = filelock.FileLock(path, fallback_to_soft=False)  # a soft lock would outlive its process
    lock.acquire(blocking=wait)
    return lock


def unwritable(what: str, error: OSError) -> StorageFailed:
    """The error where a file beside the database cannot be written, and the way out."""
    way_out = NOT_WRITABLE if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM) else "choose another --storage"
    return StorageFailed(f"cannot write {what}: {error.strerror} ({way_out})")


class StudyLock:
    """An exclusive lock on a file beside the database.

    The file names the holder. It stays after the release: removing it would let two processes lock two files of one
    name. Characters of the study's name that a file name cannot have are percent-encoded.
    """

    def __init__(self, database: Path, study: str, what: str | None = None) -> None:
        """Stores `what`, the description for errors if the lock is not a study's."""
        self._what = what or f"study {study!r}"
        self._path = database.with_name(f"{database.name}.{quote(study, safe='')}.lock")
        self._lock: filelock.BaseFileLock | None = None

    def __enter__(self) -> "StudyLock":
        """Takes the lock, without waiting for another process.

        Raises:
            StudyLocked: if another process holds it, naming host, process id and start time.
            StorageFailed: if the file cannot be written.
        """
        try:
            self._lock = take(self._path, wait=False)
        except filelock.Timeout:
            raise StudyLocked.held(self._what, _holder(self._path)) from None
        except OSError as error:
            raise unwritable(f"the lock file {self._path}", error) from None
        record = {"host": socket.gethostname(), "pid": os.getpid(), "since": time.strftime("%Y-%m-%d %H:%M:%S")}
        with contextlib.suppress(OSError):  # a full disk, or locked files are read-only
            self._path.write_text(json.dumps(record), encoding="utf-8")
        return self

    def __exit__(self, *_: object) -> None:
        """Releases the lock."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None


def _holder(path: Path) -> str:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return f"process {record['pid']} on {record['host']} since {record['since']}"
    except (OSError, ValueError, KeyError, TypeError):  # the holder has not written it yet
        return "another process"
