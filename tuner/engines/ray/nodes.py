"""The nodes of a cluster: how many, how large, who came and who went."""

import time
from collections.abc import Callable
from typing import Any

import ray

from tuner.engines.ray.connection import reach
from tuner.errors import ClusterFailed
from tuner.record_type import Record

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
        return sum(self._room(node) for node in self._there.values())

    def _room(self, node: Node) -> int:
        return int(node.cpus if self._memory is None else min(node.cpus, node.memory // self._memory))

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
