"""Starts processes. On Linux they are forked from a server process that has only imported what a trial needs.

So torch is loaded once, and not in every worker. Elsewhere, or where the server cannot start, they are spawned.
"""

import multiprocessing
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import reduction
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from tuner.training.importing import started_cleanly

FORKED = sys.platform == "linux"  # on macOS, what NumPy and torch use does not survive a fork
# What a trial needs, and what starts no thread when it is imported. Torch loads `_dynamo` at its first update.
LOADED = ["torch._dynamo", "tuner.training.environments", "tuner.training.life", "tuner.trial", "tuner.training.warm"]
STREAMS = (1, 2)  # standard output and standard error


def prepare_server() -> None:
    """Starts the server, if there is to be one, without waiting for it."""
    if FORKED:
        with started_cleanly():
            start_method()


def start(target: Callable[..., None], arguments: tuple[Any, ...], name: str) -> BaseProcess:
    """Starts `target(*arguments)` in a single-threaded process that ignores Ctrl-C, with this process's environment."""
    with started_cleanly():
        if (method := start_method()) != "spawn":
            with suppress(OSError, EOFError):  # the server died while it was asked; a spawned process tells why
                return _started(method, _enter, (dict(os.environ), _Streams(), target, arguments), name)
        return _started("spawn", target, arguments, name)


def start_method() -> str:
    """How `multiprocessing` is to start processes here: by the server, which is started for it, where there can be one.

    Called inside `started_cleanly`.
    """
    if FORKED:
        from multiprocessing import forkserver  # which Windows lacks

        multiprocessing.get_context("forkserver").set_forkserver_preload(LOADED)
        with suppress(OSError):  # no folder for its socket, such as on a full disk
            forkserver.ensure_running()
            return "forkserver"
    return "spawn"


def begin_alone(name: str) -> None:
    """Called in a new process: gives it a name for `top`, and a random state of its own.

    Forked processes would else draw alike where an environment draws without a seed.
    """
    with suppress(OSError):  # elsewhere than on Linux
        Path("/proc/self/comm").write_text(name)
    if (numpy := sys.modules.get("numpy")) is not None:
        numpy.random.seed()


def _started(method: str, target: Callable[..., None], arguments: tuple[Any, ...], name: str) -> BaseProcess:
    context: Any = multiprocessing.get_context(method)
    process: BaseProcess = context.Process(target=target, args=arguments, daemon=True, name=name)
    process.start()
    return process


class _Streams:
    """This process's output streams of now, on their way to a process whose server was started earlier."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _received, ({number: reduction.DupFd(number) for number in STREAMS if _is_open(number)},)


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def _received(streams: dict[int, Any]) -> dict[int, int]:
    return {number: stream.detach() for number, stream in streams.items()}


def _enter(
    environment: dict[str, str], streams: dict[int, int], target: Callable[..., None], arguments: tuple[Any, ...]
) -> None:
    """Makes a forked process what a spawned one would be, and calls the target."""
    os.environ.clear()
    os.environ.update(environment)
    for number, received in streams.items():
        if received != number:
            os.dup2(received, number)
            os.close(received)
    target(*arguments)
