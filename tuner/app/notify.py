"""By which a front end hears what a use case does: a command line prints it, a notebook draws it."""

import contextlib
from contextlib import AbstractContextManager
from typing import Protocol

from tuner.app.events import Event
from tuner.comparison.comparison_plan import ComparisonSource
from tuner.config.model import StudySpec
from tuner.confirmation.confirmation_source import ConfirmationSource
from tuner.coordinator import Listener
from tuner.final_training.training_plan import TrainingPlan
from tuner.final_training.training_source import TrainingSource
from tuner.planning.estimate import Estimate
from tuner.record_type import Record
from tuner.study.search_source import SearchSource


class Work(Record):
    """Jobs that are about to run, whose progress may be shown."""


class TrialsUnderWay(Work):
    """A study's trials, whose progress may be shown."""

    spec: StudySpec
    finished: int  # trials, earlier runs' included
    estimate: Estimate
    best: tuple[float, float | None] | None  # score and success
    source: SearchSource


class ConfirmationUnderWay(Work):
    """A confirmation's runs."""

    spec: StudySpec
    source: ConfirmationSource
    workers: int
    steps: int  # of a run
    seconds: float  # of a typical run


class ComparisonUnderWay(Work):
    """A comparison's runs."""

    source: ComparisonSource
    seconds: float  # of training, for each


class TrainingUnderWay(Work):
    """The runs of a final training."""

    source: TrainingSource
    plan: TrainingPlan


class Notifier(Protocol):
    """Who is told."""

    def notify(self, event: Event) -> None:
        """Something happened."""

    def progress(self, work: Work) -> AbstractContextManager[Listener]:
        """Jobs begin: what is returned hears of each of them for the length of the block."""


class SilentListener:
    """Hears of jobs and shows nothing."""

    def started(self, *_: object) -> None:
        """Whatever happens."""

    evaluated = finished = tick = started


class SilentNotifier:
    """Shows nothing: the default of the Python API."""

    def notify(self, event: Event) -> None:
        """Something happened."""

    def progress(self, work: Work) -> AbstractContextManager[Listener]:  # noqa: ARG002
        return contextlib.nullcontext(SilentListener())
