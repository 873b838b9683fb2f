"""How processes are started: with one thread, without the terminal's Ctrl-C, past what a user's folder may hold.

They do not run the program again that started them: a script needs no `if __name__ == "__main__"`.
"""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from types import ModuleType

from tuner.training.importing import only_own_folders

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1")


@contextlib.contextmanager
def started_cleanly() -> Iterator[None]:
    """Processes that are spawned within have one thread and hear no Ctrl-C: it is the coordinator's alone."""
    with _environment(ONE_THREAD), _ctrl_c_held_back(), only_own_folders(), _no_main_module():
        yield


@contextlib.contextmanager
def _no_main_module() -> Iterator[None]:
    """A spawned process runs the main module's file once more, by its name or path: none is told within."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


@contextlib.contextmanager
def _ctrl_c_held_back() -> Iterator[None]:
    """Children started within inherit a blocked SIGINT: a terminal's Ctrl-C reaches the coordinator alone."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Sets variables for the children that are started within; they must stand before NumPy is imported."""
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
