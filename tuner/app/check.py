"""Checking an environment before any training."""

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import Any

from tuner.app.events import CheckAnnounced
from tuner.app.notify import Notifier
from tuner.app.resolve import environment_to_check
from tuner.checking.check_report import EPISODES, CheckPlan, CheckReport, full
from tuner.checking.run_check import run_check
from tuner.errors import UsageProblem
from tuner.output import check_page
from tuner.record_type import Record
from tuner.writing import refuse_no_file, write_whole


class CheckRequest(Record):
    """What is to be looked at."""

    environment: str | None = None  # None for the default study's
    kwargs: Mapping[str, Any] = field(default_factory=dict)  # of its constructor, beside those of the default study
    episodes: int = EPISODES  # of each policy
    html: Path | None = None
    wrappers: Sequence[str] = ()
    success: Mapping[str, Any] | None = None  # the key of `info` that tells it, when, and from which number on


def check_plan(plan: CheckPlan, asked: Mapping[str, Any] | None) -> CheckPlan:
    """The plan with the key that tells success, where one is named.

    Raises:
        UsageProblem: it is no key.
    """
    if asked is None:
        return plan
    if not asked["key"]:
        raise UsageProblem("--success-key '': must name an entry of info, such as success")
    return replace(plan, success_key=asked["key"], when=asked["when"], at_least=asked["at_least"])


def check(request: CheckRequest, notifier: Notifier) -> CheckReport:
    """Sends policies that learn nothing through an environment; writes the page where one is asked for.

    Raises:
        EnvironmentUnusable: it cannot be made.
        EnvironmentFailed: it raises, or breaks Gymnasium's API.
    """
    if request.html is not None:
        refuse_no_file(request.html, "--html", "check.html")
    ref = environment_to_check(request.environment, request.kwargs, request.wrappers)
    notifier.notify(CheckAnnounced(environment=ref.id, episodes=request.episodes))
    report = run_check(ref, check_plan(full(request.episodes), request.success))
    if request.html is not None:
        write_whole(request.html, check_page.render(report).encode(), "--html")
    return report
