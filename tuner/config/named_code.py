"""What code a study names: modules and files that its trials import, read off without importing any."""

import os.path
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tuner.config.arguments import CLASS, class_path
from tuner.config.environment_ids import file_path, is_file, split
from tuner.config.environment_spec import EnvironmentSpec
from tuner.config.model import StudySpec
from tuner.config.wrapper_notation import path_and_arguments
from tuner.record_type import Record


class NamedCode(Record):
    """A module or a file."""

    name: str  # a module's dotted name; the whole path of a file, or of a module that is looked for in a folder first
    package: str | None  # the name that an installation would have; None for what is found by a path


def named_code(spec: StudySpec) -> tuple[NamedCode, ...]:
    """The modules and files that a study's trials import, in order, each once."""
    return tuple(dict.fromkeys(_every(spec)))


def _every(spec: StudySpec) -> Iterator[NamedCode]:
    there = spec.environment
    front, _ = split(there.id)
    if is_file(front):
        yield NamedCode(name=os.path.realpath(file_path(front, there.folder)), package=None)
    elif front:
        yield from _module(front, there)
    for entry in (*there.wrappers, *there.vec_wrappers):
        yield from _module(path_and_arguments(entry)[0].rpartition(".")[0], there)
    for path in _classes(spec.policy_kwargs):
        yield from _module(class_path(path)[0], there)


def _classes(options: Mapping[str, Any]) -> Iterator[str]:
    return (str(value) for name, value in options.items() if name.endswith(CLASS))


def _module(name: str, there: EnvironmentSpec) -> Iterator[NamedCode]:
    """A module; with a folder in which it is looked for first, what it would be there as well."""
    if there.folder is not None:
        yield NamedCode(name=os.path.realpath(Path(there.folder, *name.split("."))), package=None)
    if there.folder is None or not _is_in(Path(there.folder), name):
        yield NamedCode(name=name, package=name.partition(".")[0])


def _is_in(folder: Path, name: str) -> bool:
    top = folder / name.partition(".")[0]
    return top.is_dir() or top.with_suffix(".py").is_file()
