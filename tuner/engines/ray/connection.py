"""The way into a Ray cluster, and out of it."""

import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import ray
from ray import exceptions

from tuner.engines.ray.shipping import LEFT_OUT
from tuner.errors import ClusterFailed
from tuner.training.children import ONE_THREAD

OBJECT_STORE = 200_000_000  # bytes, on a cluster of our own: models pass through it and nothing else
ALONE = {"PYTHONSAFEPATH": "1"}  # what lies in the folder where a node was started is not imported
LEAVE_CARDS = {"RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}  # a trial sees the graphics cards that its node has
ANSWER = 30.0  # s for its head to say that it is one
REACH = 10.0  # s for a cluster to answer a knock

_log = logging.getLogger(__name__)


def brief(error: BaseException) -> str:
    """What an error of Ray's comes to, in a line: a task's own error stands last, under its trace."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    return lines[-1] if isinstance(error, exceptions.RayTaskError) else lines[0]


@contextlib.contextmanager
def connected(address: str | None, workers: int | None, modules: list[str]) -> Iterator[None]:
    """A connection to a cluster, whose workers can import those modules.

    Raises:
        ClusterFailed: where there is no cluster, or it does not take this process in.
    """
    address = address or os.environ.get("RAY_ADDRESS")
    settings = {
        "runtime_env": {"py_modules": modules, "excludes": [*LEFT_OUT], "env_vars": ONE_THREAD | ALONE | LEAVE_CARDS},
        "log_to_driver": False,
        "logging_level": logging.ERROR,
    }
    _mute()
    os.environ["RAY_RUNTIME_ENV_IGNORE_GITIGNORE"] = "1"  # an environment may need what its project does not keep
    with _own_sigterm():
        try:
            _connect(address, workers, settings)
        except (ConnectionError, OSError, RuntimeError, ValueError, exceptions.RayError) as error:
            where = "on this machine" if address in (None, "auto", "local") else f"at {address}"
            raise ClusterFailed(
                f"--engine ray: no way into a Ray cluster {where} ({brief(error)}): is it there, with this Ray and "
                "this Python? One with a token wants RAY_AUTH_MODE=token and ~/.ray/auth_token here too "
                "(docs/cluster.md)"
            ) from error
    try:
        yield
    finally:
        ray.shutdown()


def _connect(address: str | None, workers: int | None, settings: dict[str, Any]) -> None:
    if address is None and _started_here():
        ray.init(**settings)  # without an address Ray shows the user's token, with one it does not
        return
    if address in (None, "local"):
        address = "local"
        settings |= {"num_cpus": workers, "object_store_memory": OBJECT_STORE, "include_dashboard": False}
    elif address != "auto":
        reach(address)
        _ask(address)
    ray.init(address, **settings)


def _started_here() -> bool:
    """Whether `ray start` made this machine a node of a cluster that is still there."""
    address = ray._private.utils.read_ray_address()
    if address is None:
        return False
    try:
        reach(address)
    except OSError:
        return False
    return True


def _ask(address: str) -> None:
    """Asks whoever listens there whether it is a cluster's head; anything else would leave Ray waiting for ever."""
    command = [sys.executable, "-m", "ray.scripts.scripts", "health-check", "--address", address]
    try:
        asked = subprocess.run(command, timeout=ANSWER, capture_output=True)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise ConnectionError("who listens there is no head of a Ray cluster") from None
    if asked.returncode:
        raise ConnectionError("the head there does not answer this machine")


def reach(address: str, timeout: float = REACH) -> None:
    """A quick look whether anybody is there: Ray itself would knock for minutes, and then end this process.

    Raises:
        OSError: where nobody is.
    """
    host, _, port = address.rpartition(":")
    socket.create_connection((host.strip("[]"), int(port)), timeout=timeout).close()


@contextlib.contextmanager
def _own_sigterm() -> Iterator[None]:
    """Ray takes SIGTERM for itself when it connects; whoever had it gets it back."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _mute() -> None:
    """Has what a cluster says of itself logged: Ray prints it to standard output, which is the result's alone."""

    def log(data: dict[str, Any], ignore_prefix: bool) -> None:  # noqa: ARG001 - as Ray calls it
        for line in data.get("lines", ()):
            _log.info("%s", line)

    ray._private.worker.print_to_stdstream = log
