"""The engine that was asked for, for the length of a command."""

import contextlib
from collections.abc import Iterator

from tuner.engines.base import Engine
from tuner.engines.inline import InlineEngine
from tuner.engines.processes import ProcessEngine
from tuner.spec.model import StudySpec


@contextlib.contextmanager
def open_engine(name: str, workers: int, spec: StudySpec) -> Iterator[Engine]:
    """`inline`, or worker processes that make the study's environment ahead; they end with the block."""
    engine: Engine = InlineEngine() if name == "inline" else ProcessEngine(workers, warm=spec.environment.ref())
    try:
        yield engine
    finally:
        engine.stop()
