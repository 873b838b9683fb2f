"""Atomic file writing: a file is written completely or not at all."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tuner.errors import ExportFailed, UsageProblem


@contextlib.contextmanager
def beside(path: Path) -> Iterator[Path]:
    """A temporary file in the same folder, deleted at the end unless it was moved."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    os.close(descriptor)
    temporary = Path(name)
    try:
        temporary.chmod(0o644)
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes, option: str) -> None:
    """Writes a file atomically; writes through a symbolic link to its target.

    Raises:
        ExportFailed: if it cannot be written; the error names `option` as the way to choose another file.
    """
    path = path.resolve()
    try:
        with beside(path) as temporary:
            temporary.write_bytes(content)
            temporary.replace(path)
    except OSError as error:
        raise ExportFailed(f"cannot write {path}: {error.strerror} (choose another file with {option})") from None


def refuse_no_file(path: Path, option: str, example: str) -> None:
    """Raises for a path that cannot be written to, before any work is done.

    Raises:
        UsageProblem: if it is a folder, or its folder does not exist.
    """
    if path.is_dir():
        raise UsageProblem(f"{option} {path}: is a folder; give a file, such as {path / example}")
    if not path.parent.is_dir():
        raise UsageProblem(f"{option} {path}: there is no folder {path.parent}")
