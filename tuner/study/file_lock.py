"""One coordinator a study: a lock that a dead process cannot keep."""

import contextlib
import json
import os
import socket
import time
from pathlib import Path
from urllib.parse import quote

import filelock

from tuner.errors import StorageFailed, StudyLocked


def take(path: Path, *, wait: bool) -> filelock.BaseFileLock:
    """Takes a lock on a file, which the operating system lets go of when the process ends, however.

    Raises:
        filelock.Timeout: where another holds it and it is not to be waited for.
        OSError: where the file cannot be written.
    """
    path.open("a").close()  # filelock would try for ever where a file cannot be made
    lock = filelock.FileLock(path, fallback_to_soft=False)  # never one by a file's being there: the dead keep those
    lock.acquire(blocking=wait)
    return lock


class StudyLock:
    """An exclusive lock on a file beside the database.

    The file names the holder and stays when the lock is released: removing it would let two processes hold locks on
    two files of one name. A name that is no file's, with a slash in it, is spelt so that it is one.
    """

    def __init__(self, database: Path, study: str, what: str | None = None) -> None:
        """Takes what is locked, in words, where it is no study."""
        self._what = what or f"study {study!r}"
        self._path = database.with_name(f"{database.name}.{quote(study, safe='')}.lock")
        self._lock: filelock.BaseFileLock | None = None

    def __enter__(self) -> "StudyLock":
        """Takes the lock at once or not at all.

        Raises:
            StudyLocked: where another process holds it, with host, process id and since when.
            StorageFailed: where the file cannot be written.
        """
        try:
            self._lock = take(self._path, wait=False)
        except filelock.Timeout:
            raise StudyLocked.held(self._what, _holder(self._path)) from None
        except OSError as error:
            raise StorageFailed(
                f"cannot write the lock file {self._path}: {error.strerror} (choose another --storage)"
            ) from None
        record = {"host": socket.gethostname(), "pid": os.getpid(), "since": time.strftime("%Y-%m-%d %H:%M:%S")}
        with contextlib.suppress(OSError):  # a full disk, or a system that lets nobody write to what is locked
            self._path.write_text(json.dumps(record), encoding="utf-8")
        return self

    def __exit__(self, *_: object) -> None:
        """Lets go."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None


def _holder(path: Path) -> str:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return f"process {record['pid']} on {record['host']} since {record['since']}"
    except (OSError, ValueError, KeyError, TypeError):  # caught between locking and writing
        return "another process"
