"""Where trials run: the engine that is asked for, its size, and its opening for the length of a use case."""

import contextlib
import importlib.util
import os
import re
from collections.abc import Callable, Iterator
from typing import Any, cast

from tuner.app.events import ClusterNews
from tuner.app.limits import ENGINES
from tuner.app.notify import Notifier
from tuner.config.model import StudySpec
from tuner.config.searched_environment import typical_environment
from tuner.engines.base import Engine, Event
from tuner.engines.hang_detector import FIRST_LIMIT, HangDetector
from tuner.engines.inline import InlineEngine
from tuner.engines.processes import ProcessEngine
from tuner.errors import UsageProblem
from tuner.record_type import Record
from tuner.training.starting import prepare_server

INSTALL = "pip install 'roarm-tuner[ray]', or in a checkout pip install '.[ray]'"
OF_ITS_OWN = ("auto", "local")  # what Ray takes for an address besides HOST:PORT


class EngineOptions(Record):
    """An engine and its size."""

    engine: str = "processes"
    workers: int | None = None  # parallel trials; None for one per CPU
    memory: int | None = None  # bytes that a worker may hold
    hang_timeout: float | None = None  # s without a sign of life; infinite for no limit, None for the study's own
    address: str | None = None  # of a Ray cluster

    def __post_init__(self) -> None:
        """Refuses what contradicts itself, or an engine that is not installed.

        Raises:
            UsageProblem: naming the option.
        """
        if self.engine not in ENGINES:
            raise UsageProblem(f"--engine {self.engine!r}: must be one of {', '.join(ENGINES)}")
        if self.address is not None and self.engine != "ray":
            raise UsageProblem(f"--ray-address {self.address}: goes with --engine ray")
        if self.engine == "ray" and (named := self.address or os.environ.get("RAY_ADDRESS")):
            _refuse_address("--ray-address" if self.address else "RAY_ADDRESS", named)
        if self.engine == "ray" and importlib.util.find_spec("ray") is None:
            raise UsageProblem(f"--engine ray: Ray is not installed ({INSTALL})")
        if self.inline and self.hang_timeout is not None:
            raise UsageProblem("--hang-timeout: --engine inline trains in this very process; leave it out")
        if self.inline and self.memory is not None:
            raise UsageProblem("--memory: --engine inline trains in this very process; limit --engine processes")

    @property
    def inline(self) -> bool:
        """Whether trials run in this very process, one at a time."""
        return self.engine == "inline"

    @property
    def known_workers(self) -> int | None:
        """Parallel trials; None if only the cluster knows."""
        if self.inline:
            return 1
        return self.workers or (None if self.engine == "ray" else cores())

    def arguments(self) -> list[str]:
        """What to type for the same cluster again."""
        address = ["--ray-address", self.address] if self.address else []
        return ["--engine", "ray", *address] if self.engine == "ray" else []


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


class _WatchedEngine:
    """An engine that calls a function at every wait; what it raises ends the work."""

    def __init__(self, engine: Engine, look: Callable[[], None]) -> None:
        self._engine, self._look = engine, look

    def wait(self, timeout: float) -> list[Event]:
        self._look()
        return self._engine.wait(timeout)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)


@contextlib.contextmanager
def open_engine(
    options: EngineOptions,
    spec: StudySpec,
    notifier: Notifier,
    *,
    first_limit: float | None = None,
    look: Callable[[], None] | None = None,
) -> Iterator[Engine]:
    """Workers that make the study's environment ahead; they end with the block.

    Args:
        options: Which, and how many.
        spec: Of the study.
        notifier: Is told of a cluster's nodes.
        first_limit: Seconds without a sign of life before the study's own intervals are known. Default: half an hour.
        look: Called now and then; what it raises ends the work.

    Raises:
        ClusterFailed: where there is no Ray cluster to be had.
    """
    if not options.inline:
        prepare_server()
    engine = _make(options, spec, notifier, first_limit)
    try:
        yield engine if look is None else cast("Engine", _WatchedEngine(engine, look))
    finally:
        engine.stop()


def _make(options: EngineOptions, spec: StudySpec, notifier: Notifier, first: float | None) -> Engine:
    if options.inline:
        return InlineEngine()
    environment = typical_environment(spec)
    detector = HangDetector(timeout=options.hang_timeout, first=FIRST_LIMIT if first is None else first)
    if options.engine == "ray":
        from tuner.engines.ray.ray_engine import RayEngine

        return RayEngine(
            environment,
            options.workers,
            options.address,
            memory=options.memory,
            hang_detector=detector,
            say=lambda text: notifier.notify(ClusterNews(text=text)),
        )
    return ProcessEngine(options.known_workers or 1, warm=environment, memory=options.memory, hang_detector=detector)
