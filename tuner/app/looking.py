"""The look at an environment before a study's first trial: what it is refused for, and what is decided for good."""

from dataclasses import replace
from typing import Any

from sqlalchemy.engine import URL

from tuner.app import events
from tuner.app.engine_options import EngineOptions
from tuner.app.notify import Notifier
from tuner.checking.check_report import CheckPlan, quick
from tuner.checking.run_check import behind_normalize, refuse_wrong, run_check
from tuner.config.first_look import settles_normalize
from tuner.config.model import FirstLook, StudySpec
from tuner.config.searched_environment import extreme_environments, typical_environment
from tuner.engines.processes import run_once
from tuner.errors import TunerError
from tuner.records import DISTANCE, SUCCESS, EnvironmentRef, Signals
from tuner.study.reader import find_reader

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
    """
    ref, plan = typical_environment(spec), replace(quick(), entry=spec.objective.entry)
    if spec.success is not None:
        plan = replace(plan, success_key=spec.success.key, when=spec.success.when)
    if skip_check:
        return _unchecked(engine, ref, replace(plan, seconds=UNCHECKED_SECONDS))
    notifier.notify(events.EnvironmentLook())
    asked = (ref, plan, spec.algorithm, extreme_environments(spec))
    report = run_check(*asked) if engine.inline else run_once(run_check, *asked)
    scaled = () if settles_normalize(spec) else report.normalize
    report = behind_normalize(report, {**spec.space.fixed, **dict.fromkeys(scaled, True)})
    refuse_wrong(report)
    if faults := [*report.of("wrong"), *report.of("warning")]:
        notifier.notify(events.EnvironmentWarnings(report=report))
    if scaled:
        notifier.notify(events.NormalizeApplied(arguments=scaled))
    return _decided(report.signals, normalize=scaled, warnings=tuple(f"{one.name}: {one.finding}" for one in faults))


def _unchecked(engine: EngineOptions, ref: EnvironmentRef, plan: CheckPlan) -> FirstLook | None:
    """How success is read, without any verdict."""
    try:
        report = run_check(ref, plan) if engine.inline else run_once(run_check, ref, plan)
    except TunerError:
        return None
    return _decided(report.signals)


def _decided(signals: Signals, **more: Any) -> FirstLook:
    return FirstLook(success=signals.success, when=signals.when, distance=signals.distance, **more)
