"""The nodes of a cluster: how many, how large, who came and who went."""

import time
from collections.abc import Callable
from typing import Any

import ray

LOOK = 2.0  # s between looks


class Nodes:
    """Looks at the cluster now and then, and says in a line what changed."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._there: dict[str, tuple[str, float]] = {}  # address and CPUs by the node's id
        self._lost: set[str] = set()
        self._next_look = 0.0
        self.look()
        self._say(f"Ray cluster at {ray.get_runtime_context().gcs_address}: {self._size()}.")

    @property
    def cpus(self) -> float:
        """The cluster's CPUs at the last look."""
        return sum(cpus for _, cpus in self._there.values())

    def look(self) -> None:
        """Counts anew, every two seconds at most."""
        if time.monotonic() < self._next_look:
            return
        before, self._there = self._there, self._alive()
        self._next_look = time.monotonic() + LOOK
        for node in self._there.keys() - before.keys() if before else ():
            self._say(f"Node {self._there[node][0]} joined: {self._size()}.")
        for node in before.keys() - self._there.keys():
            self._say(f"Node {before[node][0]} is gone: {self._size()}.")

    def lost(self, node: str) -> None:
        """A node's death was noticed under a task, which comes sooner than the cluster itself notices it."""
        self._lost.add(node)
        self._next_look = 0.0
        self.look()

    def _alive(self) -> dict[str, tuple[str, float]]:
        nodes: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
        return {
            node["NodeID"]: (node["NodeManagerAddress"], float(node["Resources"].get("CPU", 0)))
            for node in nodes
            if node["Alive"] and node["NodeID"] not in self._lost
        }

    def _size(self) -> str:
        count, cpus = len(self._there), self.cpus
        return f"{count} node{'s' * (count != 1)}, {cpus:g} CPU{'s' * (cpus != 1)}"
