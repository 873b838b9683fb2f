"""The engine that was asked for, for the length of a command."""

import contextlib
from collections.abc import Callable, Iterator

from tuner.cli.words import say
from tuner.cli.workforce import Workforce
from tuner.config.model import StudySpec
from tuner.engines.base import Engine
from tuner.engines.hang_detector import HangDetector
from tuner.engines.inline import InlineEngine
from tuner.engines.processes import ProcessEngine
from tuner.engines.watched import WatchedEngine


@contextlib.contextmanager
def open_engine(
    force: Workforce,
    spec: StudySpec,
    *,
    look: Callable[[], None] | None = None,
    hang_detector: HangDetector | None = None,
) -> Iterator[Engine]:
    """Workers that make the study's environment ahead; they end with the block.

    Args:
        force: Which, and how many.
        spec: Of the study.
        look: Called every two seconds of waiting; what it raises ends the run.
        hang_detector: Watches over silent workers; the usual one by default.

    Raises:
        ClusterFailed: where there is no Ray cluster to be had.
    """
    engine = _make(force, spec, hang_detector)
    try:
        yield engine if look is None else WatchedEngine(engine, look)
    finally:
        engine.stop()


def _make(force: Workforce, spec: StudySpec, hang_detector: HangDetector | None) -> Engine:
    if force.engine == "inline":
        return InlineEngine()
    environment = spec.environment.ref()
    if force.engine == "ray":
        from tuner.engines.ray.ray_engine import RayEngine

        return RayEngine(
            environment, force.workers, force.address, memory=force.memory, hang_detector=hang_detector, say=say
        )
    return ProcessEngine(force.workers or 1, warm=environment, memory=force.memory, hang_detector=hang_detector)
