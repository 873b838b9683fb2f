"""Imports modules and files as a script in the current folder would, and shields new processes from that folder.

Processes have one thread and ignore Ctrl-C. They do not run the program that started them again: a script needs no
`if __name__ == "__main__"`.
"""

import contextlib
import importlib
import importlib.util
import os
import signal
import sys
import threading
from collections.abc import Iterator
from importlib.machinery import PathFinder
from multiprocessing import resource_tracker, util
from pathlib import Path
from types import ModuleType
from typing import Any

_added: list[str] = []  # folders added to this process's `sys.path`


def import_module(name: str, folder: str | None = None) -> ModuleType:
    """Imports a module by its dotted name, from the current folder before another; its exceptions pass through.

    A folder without such a module is kept off the import path: what else lies in it is not taken for what is installed.
    """
    importlib.invalidate_caches()  # so that files written a moment ago are found
    for place in ([] if folder is None else [Path(folder)]) + [Path.cwd()]:
        if _has(place, name):
            _find_in(place)
    return importlib.import_module(name)


def _has(folder: Path, name: str) -> bool:
    """Whether a module's package is in a folder; a plain folder of its name counts where there is no other package."""
    top = name.partition(".")[0]
    found = PathFinder.find_spec(top, [str(folder)]) if top else None
    if found is None or found.origin is not None:
        return found is not None
    return top not in sys.modules and importlib.util.find_spec(top) is None


def import_file(path: Path) -> ModuleType:
    """Imports a file as a module: by its dotted name if its folder is a package, else by its own name.

    So `from .robot import Robot` works in a package, `import robot` beside a lone file, and `from envs.robot import
    Robot` from the project's folder, if the file is in it. If another module has taken the name, it is loaded under a
    name of its own. Exceptions of the module pass through.
    """
    path = path.resolve()
    root, name = _package_root(path)
    _find_in(root)
    if path.is_relative_to(Path.cwd().resolve()):
        _find_in(Path.cwd())
    loaded = sys.modules.get(name)
    if loaded is None and _origin(name) == path:
        return importlib.import_module(name)
    if loaded is not None and _same_file(loaded, path):
        return loaded
    return _load(path)


def _find_in(folder: Path) -> None:
    """Puts a folder first in `sys.path`, unless it is in it already or Python runs with a safe path."""
    importlib.invalidate_caches()  # so that files written a moment ago are found
    known = {os.path.realpath(entry) for entry in sys.path}
    if str(folder.resolve()) not in known and not sys.flags.safe_path:
        sys.path.insert(0, str(folder))
        _added.append(str(folder))


@contextlib.contextmanager
def only_own_folders() -> Iterator[None]:
    """Removes the added folders from `sys.path` inside, so that new processes do not import a user's `tuner.py`."""
    before = sys.path[:]
    sys.path[:] = [entry for entry in sys.path if entry not in _added]
    try:
        yield
    finally:
        sys.path[:] = before


def home_of(module: ModuleType) -> str | None:
    """The current folder if the module was imported from it; None for installed modules and those of other folders."""
    here, top = Path.cwd(), module.__name__.partition(".")[0]
    file = getattr(sys.modules.get(top, module), "__file__", None)
    return str(here) if file is not None and Path(file).resolve() in _places(here.resolve(), top) else None


def _places(folder: Path, name: str) -> tuple[Path, Path]:
    return folder / f"{name}.py", folder / name / "__init__.py"


def _package_root(path: Path) -> tuple[Path, str]:
    """The folder from which a file is imported, and its dotted name there."""
    folder, parts = path.parent, [path.stem]
    while (folder / "__init__.py").is_file():
        parts.insert(0, folder.name)
        folder = folder.parent
    return folder, ".".join(parts)


def _origin(name: str) -> Path | None:
    """The file from which a name would be imported."""
    if not all(part.isidentifier() for part in name.split(".")):
        return None
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).resolve() if spec is not None and spec.origin is not None else None


def _same_file(module: ModuleType, path: Path) -> bool:
    file = getattr(module, "__file__", None)
    return file is not None and Path(file).resolve() == path


def _load(path: Path) -> ModuleType:
    name = f"{path.stem}@{path}".replace(".", "_")  # no import statement can use this name
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


ONE_AT_A_TIME = threading.RLock()  # the settings below are global to the process
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1")


@contextlib.contextmanager
def started_cleanly() -> Iterator[None]:
    """Processes spawned inside have one thread and ignore Ctrl-C, which only the coordinator handles."""
    with (
        ONE_AT_A_TIME,
        environment(ONE_THREAD),
        only_own_folders(),
        _on_own_path(),
        _ctrl_c_held_back(),
        _no_main_module(),
    ):
        yield


@contextlib.contextmanager
def _on_own_path() -> Iterator[None]:
    """What `multiprocessing` starts inside by `python -c` has this process's import path from its first import on.

    Else it would import its own libraries from the current folder first.
    """
    before, path = getattr(util, "spawnv_passfds", None), [entry or str(Path.cwd()) for entry in sys.path]
    if before is None:  # Windows
        yield
        return

    def with_path(program: Any, arguments: list[str], descriptors: list[int]) -> int:
        code = arguments.index("-c") + 1
        changed = f"import sys; sys.path[:] = {path!r}; {arguments[code]}"
        return int(before(program, [*arguments[:code], changed, *arguments[code + 1 :]], descriptors))

    util.spawnv_passfds = with_path  # type: ignore[assignment]
    try:
        yield
    finally:
        util.spawnv_passfds = before


@contextlib.contextmanager
def _no_main_module() -> Iterator[None]:
    """Hides the main module inside, since a spawned process would run its file again."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


@contextlib.contextmanager
def _ctrl_c_held_back() -> Iterator[None]:
    """Children started inside inherit a blocked SIGINT, so that Ctrl-C reaches only the coordinator."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # would let SIGINT through again, were it started inside
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def environment(values: dict[str, str]) -> Iterator[None]:
    """Sets environment variables for children started inside; threads must be set before NumPy is imported."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
