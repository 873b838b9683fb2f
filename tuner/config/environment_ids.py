"""Environment names as text: splitting, classifying and comparing them without importing anything."""

import os.path


def split(name: str) -> tuple[str, str]:
    """The part before the last colon (a module, a file or nothing) and the part after it (an id or a class)."""
    front, _, last = name.rpartition(":")
    return front, last


def is_file(front: str) -> bool:
    """Whether the part before the colon is a path to a Python file."""
    return front.endswith(".py")


def is_class(name: str) -> bool:
    """Whether a name refers to a class: in a file, or in a module with a name that Python can have.

    Ids have a version (`Id-v0`) or a namespace (`Meta-World/MT1`).
    """
    front, last = split(name)
    return is_file(front) or (bool(front) and last.isidentifier())


def one_path(front: str) -> str:
    """A file's path in normal form: relative to the current folder if it lies in it, else absolute.

    So the studies of a project still match after it is moved or cloned.
    """
    path = os.path.realpath(front)
    within = os.path.relpath(path, os.path.realpath(os.curdir))
    return path if within.startswith(os.pardir + os.sep) else within


def file_path(front: str, folder: str | None) -> str:
    """The path to a file in normal form: in the current folder, else in the one where it was found before."""
    path = one_path(front)
    there = os.path.join(folder, front) if folder is not None else path  # noqa: PTH118 - as the rest of this module
    return path if os.path.isfile(path) else there  # noqa: PTH113


def one_spelling(name: str) -> str:
    """A name in normal form: the path to its file, if it has one, as `one_path` writes it."""
    front, last = split(name)
    return f"{one_path(front)}:{last}" if is_file(front) else name


def same_environment(one: str, other: object) -> bool:
    """Whether two names refer to one environment; one of them may leave out the package."""
    if not isinstance(other, str):
        return False
    (package, bare), (other_package, other_bare) = split(one_spelling(one)), split(one_spelling(other))
    return bare == other_bare and (not package or not other_package or package == other_package)
