"""The way into a Ray cluster, and out of it."""

import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import ray
from ray import exceptions

from tuner.engines.ray.shipping import LEFT_OUT
from tuner.errors import ClusterFailed
from tuner.record_type import Record
from tuner.training.importing import ONE_THREAD

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


LOOK = 2.0  # s between looks
KNOCK = 2.0  # s for the head to answer
HEAD_PATIENCE = 45.0  # s for a head to come back: after 60 Ray ends this process without a word of ours


class Node(Record):
    """What a node offers."""

    address: str
    cpus: float
    memory: float  # bytes


class Nodes:
    """Looks at the cluster now and then, and says in a line what changed."""

    def __init__(self, say: Callable[[str], None], memory: int | None = None) -> None:
        """Takes who is told, and the bytes that a trial has a claim to."""
        self._say = say
        self._memory = memory
        self._there: dict[str, Node] = {}  # by id
        self._lost: set[str] = set()
        self._head: str = ray.get_runtime_context().gcs_address
        self._head_missed: float | None = None  # since when it does not answer
        self._next_look = 0.0
        self.look()
        self._say(f"Ray cluster at {self._head}: {self._size()}.")
        self._tell_room()

    @property
    def places(self) -> int:
        """How many trials have room at once: a CPU each, and memory."""
        return sum(
            int(node.cpus if self._memory is None else min(node.cpus, node.memory // self._memory))
            for node in self._there.values()
        )

    def look(self) -> None:
        """Counts anew, every two seconds at most.

        Raises:
            ClusterFailed: where the head is gone, and does not come back in time.
        """
        if time.monotonic() < self._next_look:
            return
        answers = self._knock()
        self._next_look = time.monotonic() + LOOK
        if not answers:  # asking it would block
            return
        before, self._there = self._there, self._alive()
        for node in self._there.keys() - before.keys() if before else ():
            self._say(f"Node {self._there[node].address} joined: {self._size()}.")
        for node in before.keys() - self._there.keys():
            self._say(f"Node {before[node].address} is gone: {self._size()}.")
        if before and before.keys() != self._there.keys():
            self._tell_room()

    def _knock(self) -> bool:
        """Whether the head answers; says so where that changes."""
        try:
            reach(self._head, KNOCK)
        except OSError as error:
            cause = error.strerror or error
            if self._head_missed is None:
                self._head_missed = time.monotonic()
                self._say(f"The head of the Ray cluster does not answer ({cause}): waiting for it.")
            silence = time.monotonic() - self._head_missed
            if silence > HEAD_PATIENCE:
                raise ClusterFailed(
                    f"the head of the Ray cluster, {self._head}, has not answered for {silence:.0f} s ({cause}): start "
                    "the cluster again; what is finished is kept, and the same command goes on"
                ) from error
            return False
        if self._head_missed is not None:
            self._say("The head of the Ray cluster answers again.")
            self._head_missed = None
        return True

    def _tell_room(self) -> None:
        if not self.places:
            memory = f" and {self._memory / 1e9:g} GB of memory" if self._memory is not None else ""
            self._say(f"No node has a CPU{memory} for a trial: waiting for one that has.")

    def lost(self, node: str) -> None:
        """A node's death was noticed under a task, which comes sooner than the cluster itself notices it."""
        self._lost.add(node)
        self._next_look = 0.0
        self.look()

    def _alive(self) -> dict[str, Node]:
        nodes: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
        return {
            node["NodeID"]: Node(
                address=node["NodeManagerAddress"],
                cpus=float(node["Resources"].get("CPU", 0)),
                memory=float(node["Resources"].get("memory", 0)),
            )
            for node in nodes
            if node["Alive"] and node["NodeID"] not in self._lost
        }

    def _size(self) -> str:
        count, cpus = len(self._there), sum(node.cpus for node in self._there.values())
        return f"{count} node{'s' * (count != 1)}, {cpus:g} CPU{'s' * (cpus != 1)}"
