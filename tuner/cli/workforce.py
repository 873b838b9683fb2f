"""Who trains: the engine that was asked for, and how much of it."""

import importlib.util
import os
import re
from dataclasses import dataclass

from tuner.cli.options import ENGINES, one_of
from tuner.errors import UsageProblem

INSTALL = "pip install 'roarm-tuner[ray]', or in a checkout pip install '.[ray]'"
OF_ITS_OWN = ("auto", "local")  # what Ray takes for an address besides HOST:PORT


@dataclass(frozen=True, kw_only=True)
class Workforce:
    """An engine and its size."""

    engine: str
    workers: int | None  # side by side; None for as many as a cluster has CPUs
    memory: int | None = None  # bytes that a worker may hold
    address: str | None = None  # of a Ray cluster

    @property
    def inline(self) -> bool:
        """Whether trials run in this very process, one at a time."""
        return self.engine == "inline"

    def arguments(self) -> list[str]:
        """What to type for the same cluster again."""
        address = ["--ray-address", self.address] if self.address else []
        return ["--engine", "ray", *address] if self.engine == "ray" else []


def workforce(engine: str, workers: int | None, memory: int | None = None, ray_address: str | None = None) -> Workforce:
    """What the options of a command ask for.

    Raises:
        UsageProblem: where they contradict each other, or Ray is not installed.
    """
    one_of(engine, ENGINES, "--engine")
    if ray_address is not None and engine != "ray":
        raise UsageProblem(f"--ray-address {ray_address}: goes with --engine ray")
    if engine == "ray" and (named := ray_address or os.environ.get("RAY_ADDRESS")):
        _refuse_address("--ray-address" if ray_address else "RAY_ADDRESS", named)
    if engine == "ray" and importlib.util.find_spec("ray") is None:
        raise UsageProblem(f"--engine ray: Ray is not installed ({INSTALL})")
    if engine == "inline" and memory is not None:
        raise UsageProblem("--memory: --engine inline trains in this very process; limit --engine processes")
    side_by_side = workers or (None if engine == "ray" else cores())
    return Workforce(engine=engine, workers=side_by_side, memory=memory, address=ray_address)


def _refuse_address(name: str, address: str) -> None:
    if "://" in address:
        raise UsageProblem(
            f"{name} {address}: must be HOST:PORT of the cluster's head (port 6379 as Ray starts it), typed on "
            "a machine of the cluster: a client from outside takes its trials along when its connection breaks"
        )
    if address not in OF_ITS_OWN and re.fullmatch(r"([^\s:]+|\[[0-9A-Fa-f:.]+\]):\d{1,5}", address) is None:
        raise UsageProblem(f"{name} {address!r}: must be HOST:PORT, such as 10.0.0.1:6379, or auto, or local")


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
