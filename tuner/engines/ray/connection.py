"""Connects to a Ray cluster and watches its nodes."""

import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import ray
from ray import exceptions
from ray._common.utils import get_ray_address_file

from tuner.engines.ray.own_cluster import on_loopback, own_cluster
from tuner.engines.ray.shipping import LEFT_OUT
from tuner.errors import ClusterFailed, UsageProblem, without_passwords
from tuner.record_type import Record
from tuner.training.importing import ONE_THREAD

ALONE = {"PYTHONSAFEPATH": "1"}  # import nothing from the folder where a node was started
KEEP_GPUS = {"RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}  # trials see the GPUs of their node
HEALTH_CHECK_TIMEOUT = 30.0  # s
CONNECT_TIMEOUT = 10.0  # s

_log = logging.getLogger(__name__)


def brief(error: BaseException) -> str:
    """A Ray error in one line: the last line for a task's error, after its traceback; else the first."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    return lines[-1] if isinstance(error, exceptions.RayTaskError) else lines[0]


@contextlib.contextmanager
def connected(address: str | None, workers: int | None, modules: list[str]) -> Iterator[None]:
    """Connects to a cluster whose workers can import `modules`.

    Raises:
        ClusterFailed: if there is no cluster, or it refuses the connection.
        UsageProblem: if the command line, which Ray shows to the whole cluster, has a password.
    """
    _refuse_passwords(sys.argv)
    address = address or os.environ.get("RAY_ADDRESS")
    settings = {
        "runtime_env": {"py_modules": modules, "excludes": [*LEFT_OUT], "env_vars": ONE_THREAD | ALONE | KEEP_GPUS},
        "log_to_driver": False,
        "logging_level": logging.ERROR,
    }
    _log_worker_output()
    os.environ["RAY_RUNTIME_ENV_IGNORE_GITIGNORE"] = "1"  # environments may need ignored files
    with contextlib.ExitStack() as opened:
        with _own_sigterm():
            try:
                _connect(address, workers, settings, opened)
            except (ConnectionError, OSError, RuntimeError, ValueError, exceptions.RayError) as error:
                where = "on this machine" if address in (None, "auto", "local") else f"at {address}"
                raise ClusterFailed(
                    f"--engine ray: cannot connect to a Ray cluster {where} ({brief(error)}): {_way_out(error)}"
                ) from error
        yield


def _refuse_passwords(command_line: Sequence[str]) -> None:
    for word in command_line:
        if (shown := without_passwords(word)) != word:
            raise UsageProblem(
                f"--engine ray: {shown} has a password, and Ray shows the command line to every node: leave it out and "
                "give it in ~/.pgpass or PGPASSWORD, or give the URL in TUNER_STORAGE"
            )


def _way_out(error: Exception) -> str:
    if isinstance(error, PermissionError):
        return "`--ray-address HOST:PORT` joins it, `--ray-address local` starts another"
    if "AF_UNIX path length" in str(error):
        return "Ray's folder for sockets has too long a name: set RAY_TMPDIR to a short path, such as /tmp"
    return (
        "check its Ray and Python versions; a token needs RAY_AUTH_MODE=token and ~/.ray/auth_token "
        "(docs/howto/cluster.md)"
    )


def _connect(address: str | None, workers: int | None, settings: dict[str, Any], opened: contextlib.ExitStack) -> None:
    """Connects; what `opened` has collected then disconnects."""
    if address == "local" or (address is None and not _started_here()):
        settings |= opened.enter_context(own_cluster(workers))
        opened.callback(ray.shutdown)
        with on_loopback():
            ray.init("local", **settings)
        return
    opened.callback(ray.shutdown)
    if address is None:
        ray.init(**settings)  # Ray sends the user's token only without an address
        return
    if address != "auto":
        check_reachable(address)
        _check_head(address)
    ray.init(address, **settings)


def _started_here() -> bool:
    """Whether `ray start` made this machine a node of a cluster that still runs.

    Raises:
        PermissionError: if another user says so, in Ray's folder that every user can write to.
    """
    address = ray._private.utils.read_ray_address()
    if address is None:
        return False
    file = Path(get_ray_address_file(None))
    if (owner := file.stat().st_uid) not in (0, os.getuid()):
        raise PermissionError(f"{file}, which names one at {address}, belongs to another user, uid {owner}")
    try:
        check_reachable(address)
    except OSError:
        return False
    return True


def _check_head(address: str) -> None:
    """Checks that a Ray head listens at the address; with any other server Ray would wait forever."""
    command = [sys.executable, "-m", "ray.scripts.scripts", "health-check", "--address", address]
    try:
        check = subprocess.run(command, timeout=HEALTH_CHECK_TIMEOUT, capture_output=True)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise ConnectionError("the server there is not the head of a Ray cluster") from None
    if check.returncode:
        raise ConnectionError("the head does not answer this machine")


def check_reachable(address: str, timeout: float = CONNECT_TIMEOUT) -> None:
    """Checks that a server listens at the address; Ray itself would retry for minutes, then end this process.

    Raises:
        OSError: if there is none.
    """
    host, _, port = address.rpartition(":")
    socket.create_connection((host.strip("[]"), int(port)), timeout=timeout).close()


@contextlib.contextmanager
def _own_sigterm() -> Iterator[None]:
    """Restores the SIGTERM handler, which Ray replaces when it connects."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _log_worker_output() -> None:
    """Logs what Ray would print to standard output, which is for results only."""

    def log(data: dict[str, Any], ignore_prefix: bool) -> None:  # noqa: ARG001 - as Ray calls it
        for line in data.get("lines", ()):
            _log.info("%s", line)

    ray._private.worker.print_to_stdstream = log


CHECK_INTERVAL = 2.0  # s
HEAD_TIMEOUT = 2.0  # s for the head to answer a check
HEAD_RETURN_LIMIT = 45.0  # s for a head to return; after 60 Ray ends this process without our error


class Node(Record):
    """A node's address and resources."""

    address: str
    cpus: float
    memory: float  # bytes


class Nodes:
    """Checks the cluster's nodes periodically, and reports changes."""

    def __init__(self, say: Callable[[str], None], memory: int | None = None) -> None:
        """Takes the function that reports a line, and the bytes of memory that each trial reserves."""
        self._say = say
        self._memory = memory
        self._nodes: dict[str, Node] = {}  # by id
        self._lost: set[str] = set()
        self._head: str = ray.get_runtime_context().gcs_address
        self._head_missed: float | None = None  # since when it has not answered
        self._next_check = 0.0
        self.check()
        self._say(f"Ray cluster at {self._head}: {self._size()}.")
        self._tell_room()

    @property
    def places(self) -> int:
        """The number of trials that fit at once, by CPUs and memory."""
        return sum(
            int(node.cpus if self._memory is None else min(node.cpus, node.memory // self._memory))
            for node in self._nodes.values()
        )

    def check(self) -> None:
        """Updates the nodes, at most every `CHECK_INTERVAL`.

        Raises:
            ClusterFailed: if the head has not answered for `HEAD_RETURN_LIMIT`.
        """
        if time.monotonic() < self._next_check:
            return
        answers = self._head_answers()
        self._next_check = time.monotonic() + CHECK_INTERVAL
        if not answers:  # ray.nodes() would block
            return
        before, self._nodes = self._nodes, self._alive()
        for node in self._nodes.keys() - before.keys() if before else ():
            self._say(f"Node {self._nodes[node].address} joined: {self._size()}.")
        for node in before.keys() - self._nodes.keys():
            self._say(f"Node {before[node].address} left: {self._size()}.")
        if before and before.keys() != self._nodes.keys():
            self._tell_room()

    def _head_answers(self) -> bool:
        """Whether the head answers; reports changes."""
        try:
            check_reachable(self._head, HEAD_TIMEOUT)
        except OSError as error:
            cause = error.strerror or error
            if self._head_missed is None:
                self._head_missed = time.monotonic()
                self._say(f"The head of the Ray cluster does not answer ({cause}); waiting for it.")
            missing = time.monotonic() - self._head_missed
            if missing > HEAD_RETURN_LIMIT:
                raise ClusterFailed(
                    f"the head of the Ray cluster, {self._head}, has not answered for {missing:.0f} s ({cause}); "
                    "finished trials are kept: restart the cluster, then rerun to resume"
                ) from error
            return False
        if self._head_missed is not None:
            self._say("The head of the Ray cluster answers again.")
            self._head_missed = None
        return True

    def _tell_room(self) -> None:
        if not self.places:
            memory = f" and {self._memory / 1e9:g} GB of memory" if self._memory is not None else ""
            self._say(f"No node has a CPU{memory} free for a trial; waiting for one.")

    def lost(self, node: str) -> None:
        """Removes a node whose task reported its death, before the cluster notices it."""
        self._lost.add(node)
        self._next_check = 0.0
        self.check()

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
        count, cpus = len(self._nodes), sum(node.cpus for node in self._nodes.values())
        return f"{count} node{'s' * (count != 1)}, {cpus:g} CPU{'s' * (cpus != 1)}"
