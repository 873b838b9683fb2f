"""One coordinator a study: a lock that a dead process cannot keep."""

import fcntl
import json
import os
import socket
import time
from pathlib import Path
from types import TracebackType
from typing import IO
from urllib.parse import quote

from tuner.errors import StorageFailed, StudyLocked


class StudyLock:
    """An exclusive lock on a file beside the database; the kernel lets go of it when the process ends, however.

    The file names the holder and stays when the lock is released: removing it would let two processes hold locks on
    two files of one name. A name that is no file's, with a slash in it, is spelt so that it is one.
    """

    def __init__(self, database: Path, study: str, what: str | None = None) -> None:
        """Takes what is locked, in words, where it is no study."""
        self._what = what or f"study {study!r}"
        self._path = database.with_name(f"{database.name}.{quote(study, safe='')}.lock")
        self._file: IO[str] | None = None

    def __enter__(self) -> "StudyLock":
        """Takes the lock at once or not at all.

        Raises:
            StudyLocked: where another process holds it, with host, process id and since when.
            StorageFailed: where the file cannot be written.
        """
        try:
            file = self._path.open("a+", encoding="utf-8")
        except OSError as error:
            raise StorageFailed(
                f"cannot write the lock file {self._path}: {error.strerror} (choose another --storage)"
            ) from None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _holder(file)
            file.close()
            raise StudyLocked.held(self._what, holder) from None
        file.truncate(0)
        file.write(json.dumps({"host": socket.gethostname(), "pid": os.getpid(), "since": _now()}))
        file.flush()
        self._file = file
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Lets go."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _now() -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S")


def _holder(file: IO[str]) -> str:
    file.seek(0)
    try:
        record = json.loads(file.read())
        return f"process {record['pid']} on {record['host']} since {record['since']}"
    except (ValueError, KeyError, TypeError):  # caught between locking and writing
        return "another process"
