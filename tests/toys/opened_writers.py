"""Studies opened for writing, as a run opens them."""

from pathlib import Path
from typing import Any

from conftest import write_study
from optuna.storages import BaseStorage

from tuner.config.load import find, load_study
from tuner.config.model import StudySpec
from tuner.study.writer import AskedTrial, StudyWriter


def make_spec(**changes: Any) -> StudySpec:
    """The toy study with changed keys."""
    return load_study(find("studies", str(write_study(Path.cwd(), **changes))))


def start(storage: BaseStorage, **changes: Any) -> StudyWriter:
    """Opens a study as a run does."""
    writer, _ = StudyWriter.open(storage, make_spec(**changes), Path("artifacts"))
    writer.recover()
    writer.enqueue_baselines()
    return writer


def retry_of(asked: AskedTrial) -> tuple[Any, ...]:
    """The parts of a trial that its retry must keep."""
    return asked.params, asked.overrides, asked.seed, asked.role
