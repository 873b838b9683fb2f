"""The engine that was asked for, for the length of a command."""

import contextlib
from collections.abc import Callable, Iterator

from tuner.engines.base import Engine
from tuner.engines.inline import InlineEngine
from tuner.engines.processes import ProcessEngine
from tuner.engines.watched import WatchedEngine
from tuner.engines.watching import Patience
from tuner.errors import UsageProblem
from tuner.spec.model import StudySpec


@contextlib.contextmanager
def open_engine(
    name: str,
    workers: int,
    spec: StudySpec,
    *,
    memory: int | None = None,
    look: Callable[[], None] | None = None,
    patience: Patience | None = None,
) -> Iterator[Engine]:
    """`inline`, or worker processes that make the study's environment ahead; they end with the block.

    Args:
        name: Of the engine.
        workers: Jobs side by side.
        spec: Of the study.
        memory: Bytes that a worker may hold.
        look: Called every two seconds of waiting; what it raises ends the run.
        patience: With silent workers; the usual one by default.

    Raises:
        UsageProblem: where memory is limited and there is no worker process.
    """
    if name == "inline" and memory is not None:
        raise UsageProblem("--memory: --engine inline trains in this very process; limit --engine processes")
    engine: Engine = (
        InlineEngine()
        if name == "inline"
        else ProcessEngine(workers, warm=spec.environment.ref(), memory=memory, patience=patience)
    )
    try:
        yield engine if look is None else WatchedEngine(engine, look)
    finally:
        engine.stop()
