"""How an environment's name is spelt, as text alone: nothing is imported here."""

import os.path
import re


def split(name: str) -> tuple[str, str]:
    """What stands in front of the last colon, a module or a file or nothing, and what stands behind it."""
    front, _, last = name.rpartition(":")
    return front, last


def is_file(front: str) -> bool:
    """Whether the front of a name is meant as a file's path."""
    return front.endswith(".py")


def is_class(name: str) -> bool:
    """Whether a name means a class: in a file, or in a module under a name without a version."""
    front, last = split(name)
    return is_file(front) or (bool(front) and re.search(r"-v\d+$", last) is None)


def one_path(front: str) -> str:
    """The one spelling of a file's path: from the current folder where it lies within, else from the root.

    A project that is moved or cloned keeps its studies so; its own imports are found from that folder as well.
    """
    path = os.path.realpath(front)
    within = os.path.relpath(path, os.path.realpath(os.curdir))
    return path if within.startswith(os.pardir + os.sep) else within


def one_spelling(name: str) -> str:
    """A name with its file's path, where it has one, in its one spelling."""
    front, last = split(name)
    return f"{one_path(front)}:{last}" if is_file(front) else name


def same_environment(one: str, other: object) -> bool:
    """Whether two names mean one environment, where one of them may leave out the package."""
    if not isinstance(other, str):
        return False
    (package, bare), (other_package, other_bare) = split(one_spelling(one)), split(one_spelling(other))
    return bare == other_bare and (not package or not other_package or package == other_package)
