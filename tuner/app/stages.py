"""Tuning in stages: a study each, every one from the best of the one before."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy.engine import URL

from tuner.app.events import StageBegan, StageStartKept
from tuner.app.notify import Notifier
from tuner.app.resolve import refuse_few_trials
from tuner.config.model import StudySpec
from tuner.config.staging import BEFORE, environment_so_far, rehearsed, stage_name, stage_spec
from tuner.errors import NothingToShow, UsageProblem
from tuner.results.summary import Summary
from tuner.study.reader import find_reader


def refuse_stages(spec: StudySpec, url: URL, from_study: str | None) -> None:
    """Refuses, before any work, stages that could not begin, or whose names are taken by other studies.

    Raises:
        SpecInvalid: where a stage could not begin, or has fewer trials than baselines.
        UsageProblem: where a name is taken, or the chain would start from itself.
    """
    for made in rehearsed(spec):
        refuse_few_trials(made)
    names = [stage_name(spec, number) for number in range(1, len(spec.stages) + 1)]
    if from_study in names:
        raise UsageProblem(f"--from {from_study}: is a stage of this study itself; name another")
    for name in names[1:]:
        if (stored := find_reader(url, name)) is not None and BEFORE not in stored.spec.baselines:
            raise UsageProblem(f"study {name!r} is in the database and no stage of {spec.name!r}; give another --name")


def stages_of(spec: StudySpec, url: URL, done: Sequence[Summary], notifier: Notifier) -> Iterator[StudySpec]:
    """The studies that are to run one after another: the study itself where it has no stages.

    Args:
        spec: The study.
        url: Its database.
        done: Summaries of the stages so far; the caller appends to it before taking the next stage.
        notifier: Is told of each stage.

    Raises:
        NothingToShow: a stage has no completed trial to start the next from.
    """
    if not spec.stages:
        yield spec
        return
    start: dict[str, Any] = {}
    for number, stage in enumerate(spec.stages, 1):
        start = _begun_from(spec, number, url, start, notifier)
        made = stage_spec(spec, number, start)
        parameters = tuple(stage.parameters)
        notifier.notify(StageBegan(number=number, count=len(spec.stages), parameters=parameters, study=made.name))
        yield made
        summary = done[-1]
        if summary.finished < summary.target:  # its time was over
            return
        if summary.best is None:
            raise NothingToShow(f"study {made.name!r} has no completed trial that the next stage could start from")
        start = {**environment_so_far(spec, made), **summary.best.arguments}


def _begun_from(spec: StudySpec, number: int, url: URL, found: dict[str, Any], notifier: Notifier) -> dict[str, Any]:
    """A stage's starting values: those stored if it has begun, else the best of the stage before."""
    stored = find_reader(url, stage_name(spec, number))
    if number == 1 or stored is None:
        return found
    begun = {**environment_so_far(spec, stored.spec), **stored.spec.baselines[BEFORE]}
    changed = {key: value for key, value in found.items() if begun.get(key) != value}
    if changed:
        notifier.notify(StageStartKept(number=number, changed=changed))
    return begun
