"""Checking an environment before any training."""

from pathlib import Path

from tuner.app.events import CheckAnnounced
from tuner.app.notify import Notifier
from tuner.app.resolve import environment_to_check
from tuner.checking.check_report import EPISODES, CheckReport, full
from tuner.checking.run_check import run_check
from tuner.output import check_page
from tuner.record_type import Record
from tuner.writing import refuse_no_file, write_whole


class CheckRequest(Record):
    """What is to be looked at."""

    environment: str | None = None  # None for the default study's
    episodes: int = EPISODES  # of each policy
    html: Path | None = None


def check(request: CheckRequest, notifier: Notifier) -> CheckReport:
    """Sends policies that learn nothing through an environment; writes the page where one is asked for.

    Raises:
        EnvironmentUnusable: it cannot be made.
        EnvironmentFailed: it raises, or breaks Gymnasium's API.
    """
    if request.html is not None:
        refuse_no_file(request.html, "--html", "check.html")
    ref = environment_to_check(request.environment)
    notifier.notify(CheckAnnounced(environment=ref.id, episodes=request.episodes))
    report = run_check(ref, full(request.episodes))
    if request.html is not None:
        write_whole(request.html, check_page.render(report).encode(), "--html")
    return report
