"""Events of the service and of submissions to it."""

from sqlalchemy.engine import URL

from tuner.app.events import Event
from tuner.study.queue import Submission


class CodeNamed(Event):
    """What a study would import, before it is submitted."""

    names: tuple[str, ...]  # modules, and the paths of files


class ServiceBegan(Event):
    """The service is up."""

    address: str  # of its dashboard
    url: URL


class SubmissionWaits(Event):
    """Somebody else works on a submitted study just now."""

    reason: str


class SubmissionBegan(Event):
    """The service works on a submission."""

    submission: Submission


class SubmissionEnded(Event):
    """A submission is done, failed or cancelled."""

    study: str
    state: str
    reason: str
