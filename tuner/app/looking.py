"""The look at an environment before a study's first trial: what it is refused for, and what is decided for good."""

import functools
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy.engine import URL

from tuner.app import events
from tuner.app.engine_options import EngineOptions
from tuner.app.notify import Notifier
from tuner.checking.check_report import CheckPlan, CheckReport, quick
from tuner.checking.evaluation_spaces import refuse_other_spaces
from tuner.checking.run_check import behind_normalize, refuse_untold, refuse_wrong, run_check
from tuner.config.algorithms import ALGORITHMS
from tuner.config.first_look import settles_normalize
from tuner.config.model import StudySpec
from tuner.config.searched_environment import extreme_environments, typical_environment
from tuner.config.space import lowest_arguments
from tuner.config.study_keys import FirstLook
from tuner.engines.processes import run_once
from tuner.errors import TunerError
from tuner.records import DISTANCE, SUCCESS, EnvironmentRef
from tuner.study.reader import find_reader
from tuner.training.spaces import FLAT

REHEARSED_STEPS = 1000  # of a model that is made and not trained; they bound its replay buffer
UNCHECKED_SECONDS = 2.0  # of a look that only finds out how success is told


def kept_look(url: URL, name: str) -> FirstLook | None:
    """What was decided for a stored study; for one of an earlier version, by what its trials told."""
    reader = find_reader(url, name)
    if reader is None or reader.spec.look is not None:
        return None if reader is None else reader.spec.look
    told = [row for row in reader.rows if row.value is not None]
    if not told:
        return None
    success = any(row.success is not None for row in told)
    distance = all(row.attributes.get("distance") is not None for row in told)
    return FirstLook(success=SUCCESS if success else None, distance=DISTANCE if distance else None)


def first_look(engine: EngineOptions, spec: StudySpec, notifier: Notifier, *, skip_check: bool) -> FirstLook | None:
    """Takes a short look at the environment of a new study; None where it could not be checked and need not be.

    Raises:
        CheckFailed: where results in it would mean nothing.
        EnvironmentUnusable: where that of evaluations has other spaces.
    """
    ref, plan = typical_environment(spec), replace(quick(), entry=spec.objective.entry)
    if spec.evaluation_environment:
        spaces = functools.partial(refuse_other_spaces, ref, spec.evaluated_in(ref.kwargs))
        spaces() if engine.inline else run_once(spaces)
    if (told := spec.success) is not None:
        plan = replace(plan, success_key=told.key, when=told.when, at_least=told.at_least)
    if skip_check:
        return _unchecked(engine, spec, ref, replace(plan, seconds=UNCHECKED_SECONDS))
    notifier.notify(events.EnvironmentLook())
    asked = (ref, plan, spec.algorithm, extreme_environments(spec))
    report = run_check(*asked) if engine.inline else run_once(run_check, *asked)
    scaled = () if settles_normalize(spec) else report.normalize
    report = behind_normalize(report, {**spec.space.fixed, **dict.fromkeys(scaled, True)})
    refuse_wrong(report)
    refuse_untold(report)
    if faults := [*report.of("wrong"), *report.of("warning")]:
        notifier.notify(events.EnvironmentWarnings(report=report))
    if scaled:
        notifier.notify(events.NormalizeApplied(arguments=scaled))
    warnings = tuple(f"{one.name}: {one.finding}" for one in faults)
    policy = _rehearsed(engine, spec, report.observations)
    return _decided(report, normalize=scaled, policy=policy, warnings=warnings)


def _unchecked(engine: EngineOptions, spec: StudySpec, ref: EnvironmentRef, plan: CheckPlan) -> FirstLook | None:
    """How success is read, without any verdict."""
    try:
        report = run_check(ref, plan) if engine.inline else run_once(run_check, ref, plan)
    except TunerError:
        return None
    return _decided(report, policy=_rehearsed(engine, spec, report.observations))


def _rehearsed(engine: EngineOptions, spec: StudySpec, observations: str) -> str | None:
    """The policy of the trials, where it is not that of flat observations.

    Raises:
        TunerError: where algorithm, policy and environment do not fit together.
    """
    plain = observations == FLAT and spec.policy == "auto" and not spec.policy_kwargs
    if plain and not ALGORITHMS[spec.algorithm].contrib and "replay_buffer" not in spec.space.fixed:
        return None
    from tuner.training.rehearsal import rehearse  # imports torch

    job = spec.job(number=0, seed=0, params=lowest_arguments(spec.space), timesteps=REHEARSED_STEPS, checkpoints=())
    return rehearse(job) if engine.inline else run_once(rehearse, job)


def _decided(report: CheckReport, **more: Any) -> FirstLook:
    return FirstLook(**asdict(report.signals), shifted=report.shifted, **more)
