"""Taking finished trials of another study along, for the sampler and the pruner of this one."""

from collections.abc import Mapping
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from tuner.config.algorithms import ALGORITHMS
from tuner.config.conditions import same, searched
from tuner.config.model import StudySpec
from tuner.config.rules import in_terms_of
from tuner.config.space import allows, job_arguments, not_below
from tuner.errors import UsageProblem
from tuner.record_type import Record
from tuner.study.attempts import GAVE_UP
from tuner.study.reader import StudyReader
from tuner.study.rows import CARRIED, FINISHED, Row
from tuner.study.samplers import every_distribution
from tuner.study.stored import differences_in_meaning

TAKEN = ("success", "success_area", "seconds", "steps")  # its other attributes


class Carried(Record):
    """Finished trials of another study, as trials for this one's sampler."""

    source: str  # the other study's name
    finished: int  # trials it has finished
    trials: tuple[FrozenTrial, ...]  # those that fit into this study's space


def refuse_incomparable(other: StudySpec, spec: StudySpec) -> None:
    """Refuses trials of a study that scores otherwise than this one.

    Raises:
        UsageProblem: with the differences.
    """
    differences = differences_in_meaning(other, spec)
    if others := [one for one in differences if not one.startswith(("space.", "fixed.", "baselines."))]:
        raise UsageProblem(f"--from {other.name} --all: its scores are not comparable: {'; '.join(others)}")


def carried(other: StudyReader, spec: StudySpec) -> Carried:
    """The finished trials of another study that fit into this one's space."""
    source, trials = other.name, other.optuna_study.get_trials(deepcopy=False)
    ranges, found = every_distribution(spec.space), []
    for row in other.rows:
        if row.state not in FINISHED or GAVE_UP in row.attributes:
            continue
        if (params := _in_space(spec, row.arguments)) is None:
            continue
        own = {name: row.attributes[name] for name in TAKEN if name in row.attributes}
        found.append(_made(trials[row.number], row, params, ranges, {**own, CARRIED: [source, row.number]}))
    return Carried(source=source, finished=sum(row.finished for row in other.rows), trials=tuple(found))


def _made(
    trial: FrozenTrial,
    row: Row,
    params: Mapping[str, Any],
    ranges: Mapping[str, BaseDistribution],
    attributes: Mapping[str, Any],
) -> FrozenTrial:
    return create_trial(
        state=TrialState.COMPLETE if row.value is not None else TrialState.PRUNED,
        value=row.value,
        params=dict(params),
        distributions={name: ranges[name] for name in params},
        user_attrs=dict(attributes),
        intermediate_values=dict(trial.intermediate_values),
    )


def _in_space(spec: StudySpec, arguments: Mapping[str, Any]) -> dict[str, Any] | None:
    """The parameters that a trial's arguments are in this study's space; None where they are none of it."""
    own = in_terms_of(spec.space, arguments)
    params = {name: own[name] for name in searched(spec.space.parameters, own) if name in own}
    if {*searched(spec.space.parameters, params)} != params.keys():
        return None
    if any(allows(spec.space, name, value) or not_below(spec.space, name, params) for name, value in params.items()):
        return None
    made, defaults = job_arguments(spec.space, params, {}), ALGORITHMS[spec.algorithm].defaults
    names = {*made, *arguments} - {"device"}
    alike = (same(made.get(name, defaults.get(name)), arguments.get(name, defaults.get(name))) for name in names)
    return params if all(alike) else None
