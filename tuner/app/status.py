"""Reading a study's status and its trials."""

from typing import Any

from tuner.app.resolve import open_study
from tuner.record_type import Record
from tuner.results.confirmation_reading import ConfirmationReading, read_confirmation
from tuner.results.summary import Summary, row_data, summarise
from tuner.study.queue import Submission
from tuner.study.reader import StudyReader
from tuner.study.rows import Row, pick


class StudyStatus(Record):
    """A study at a moment."""

    reader: StudyReader
    summary: Summary
    reading: ConfirmationReading | None  # its confirmation
    rows: tuple[Row, ...]  # all trials
    queue: tuple[Submission, ...]  # what the service of its database has before it, in order
    submission: Submission | None  # its own, where it failed or was cancelled

    @property
    def finished(self) -> bool:
        """Whether it has all the trials it was asked for."""
        return self.summary.finished >= self.target

    @property
    def target(self) -> int:
        """The trials that it was asked for, by a run or a submission."""
        own = [one.trials for one in self.queue if one.study == self.summary.study]
        return max(own, default=self.summary.target)

    def data(self, *, trials: bool = False) -> dict[str, Any]:
        """As JSON."""
        confirmed = {"confirmation": self.reading.data()} if self.reading else {}
        rows = {"trials": [row_data(row) for row in self.rows]} if trials else {}
        return self.summary.data() | confirmed | rows


def read_status(study: str, storage: str | None) -> StudyStatus:
    """Reads a study.

    Raises:
        StorageFailed: where there is no database.
        UnknownName: where it holds no such study.
    """
    reader = open_study(study, storage)
    submissions = reader.submissions()
    own = (one for one in submissions if one.study == reader.name and one.state in ("failed", "cancelled"))
    return StudyStatus(
        reader=reader,
        summary=summarise(reader),
        reading=read_confirmation(reader),
        rows=tuple(reader.rows),
        queue=tuple(one for one in submissions if one.open),
        submission=next(own, None),
    )


def read_trial(study: str, trial: str, storage: str | None) -> tuple[Row, StudyReader]:
    """A trial by its number, `best`, or a baseline's name, with its study.

    Raises:
        UnknownName: where no trial answers to it.
        NothingToShow: where the best is asked for and no trial is complete.
    """
    reader = open_study(study, storage)
    return pick(reader.rows, trial), reader
