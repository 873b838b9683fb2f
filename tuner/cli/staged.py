"""Tuning in stages: a study each, every one from the best of the one before."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sqlalchemy.engine import URL

from tuner.cli import words
from tuner.cli.resolve import refuse_few_trials
from tuner.cli.working import Request, stored_study, work
from tuner.config.model import StudySpec
from tuner.config.staging import BEFORE, rehearsed, stage_name, stage_spec
from tuner.engines.base import Engine
from tuner.errors import NothingToShow, UsageProblem
from tuner.reporting.summary import Summary


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
        if (stored := stored_study(name, url)) is not None and BEFORE not in stored[1].baselines:
            raise UsageProblem(f"study {name!r} is in the database and no stage of {spec.name!r}; give another --name")


def work_in_stages(request: Request, spec: StudySpec, url: URL, engine: Engine) -> Iterator[Summary]:
    """Runs what is missing, stage by stage; yields what each has come to.

    Raises:
        NothingToShow: where a stage has no completed trial to go on from.
    """
    start: dict[str, Any] = {}
    for number, stage in enumerate(spec.stages, 1):
        start = _begun_from(spec, number, url, start)
        made = stage_spec(spec, number, start)
        searched = ", ".join(stage.parameters)
        words.say(f"\nStage {number} of {len(spec.stages)}: {searched}, in study {made.name!r}")
        summary = work(request, made, url, engine)
        yield summary
        if summary.finished < summary.target:  # its time was over
            return
        if summary.best is None:
            raise NothingToShow(f"study {made.name!r} has no completed trial that the next stage could start from")
        start = summary.best.arguments
        request = replace(request, skip_check=True)  # the environment has been looked at


def _begun_from(spec: StudySpec, number: int, url: URL, found: dict[str, Any]) -> dict[str, Any]:
    """What a stage starts from: where it was begun already, what it was begun from, whatever was found since."""
    name = stage_name(spec, number)
    stored = stored_study(name, url)
    if number == 1 or stored is None:
        return found
    begun: dict[str, Any] = stored[1].baselines[BEFORE]
    changed = [f"{key} {value!r}" for key, value in found.items() if begun.get(key) != value]
    if changed:
        words.say(
            f"Stage {number} goes on from what it was begun with, though the stage before has found better since "
            f"({', '.join(changed)}); for a new chain of stages, give another --name."
        )
    return begun
