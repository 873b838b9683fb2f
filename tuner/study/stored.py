"""A study's own record in the database: its spec, and whether another spec means the same."""

import contextlib
import gc
import hashlib
import json
import time
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import optuna
from optuna import Study
from optuna.exceptions import ExperimentalWarning
from optuna.storages import BaseStorage
from optuna.study import StudyDirection
from optuna.trial import TrialState

from tuner import __version__, seeds
from tuner.config.load import validate
from tuner.config.model import StudySpec
from tuner.errors import MeaningChanged, NothingToShow, SpecInvalid, TooManyFailures, UnknownName
from tuner.record_type import Record
from tuner.records import TrialOutcome

CONFIRMS = "confirms"  # attribute of a companion study: the name of the study whose confirmation it keeps
SWITCHABLE = ("sampler", "pruner", "seed", "device", "trainer", "trials", "description", "space_name")


def stored_names(storage: BaseStorage) -> list[str]:
    """The names of the studies in a database."""
    return optuna.get_all_study_names(storage)


def read_history(study: Study) -> None:
    """Reads every trial of a study into its storage's memory, where all later looks find the finished ones.

    Meanwhile nothing looks for garbage: a history is millions of objects that stay, and looking through them again and
    again takes longer than reading them.
    """
    with _collector_paused():
        study.get_trials(deepcopy=False)


@contextlib.contextmanager
def _collector_paused() -> Iterator[None]:
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def companion(name: str) -> str:
    """The study that keeps the runs of a study's confirmation."""
    return f"{name}-confirm"


def fail_running(storage: BaseStorage, study: Study, reason: str) -> int:
    """Tells every running trial FAIL, as interrupted: under the lock, none of them is anybody else's."""
    running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    for trial in running:
        storage.set_trial_user_attr(trial._trial_id, "interrupted", reason)
        study.tell(trial.number, state=TrialState.FAIL)
    return len(running)


def failure(outcome: TrialOutcome) -> dict[str, str]:
    """What a failed trial keeps: its failure, or what it was interrupted by where something was lost under it."""
    if outcome.lost_with:
        return {"interrupted": outcome.reason, "lost_with": outcome.lost_with}
    return {"failure": outcome.reason}


def load_stored(storage: BaseStorage, name: str) -> tuple[Study, StudySpec]:
    """A stored study with its spec, to read from.

    Raises:
        UnknownName: where the database holds no study of that name.
        NothingToShow: where it was not made by tuner.
    """
    names = stored_names(storage)
    if name not in names:
        raise UnknownName("study in the database", name, names, "" if names else "it is empty; start with `tuner run`")
    study = optuna.load_study(storage=storage, study_name=name)
    text = study.user_attrs.get("spec")
    if (confirmed := study.user_attrs.get(CONFIRMS)) is not None:
        raise NothingToShow(f"study {name!r} keeps the runs of a confirmation: see `tuner confirm {confirmed}`")
    if text is None:
        raise NothingToShow(f"study {name!r} was not made by tuner: it carries no spec (choose another with --name)")
    return study, parse_spec(name, text)


def parse_spec(name: str, text: Any) -> StudySpec:
    """The spec of a stored study.

    Raises:
        NothingToShow: where another version wrote it and this one cannot read it.
    """
    try:
        data = {**json.loads(text), "name": name}  # its present name: a dashboard can give it another
        return validate(StudySpec, data, f"the stored study {name!r}")
    except (SpecInvalid, TypeError, ValueError) as error:
        raise NothingToShow(
            f"study {name!r} carries a spec that this tuner {__version__} cannot read, as one of another version may: "
            f"{' '.join(str(error).split())} (choose another study with --name)"
        ) from None


def meaning_hash(spec: StudySpec) -> str:
    """A short hash of all that gives a value its meaning."""
    return hashlib.sha256(json.dumps(spec.meaning(), sort_keys=True).encode()).hexdigest()[:16]


def create(storage: BaseStorage, name: str) -> Study:
    """Makes an empty study, of which Optuna says nothing."""
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        return optuna.create_study(storage=storage, study_name=name, direction="maximize")
    finally:
        optuna.logging.set_verbosity(verbosity)


class SettingChange(Record):
    """A setting with which a stored study goes on, and which it did not have before."""

    name: str
    before: Any
    now: Any


def write_spec(study: Study, spec: StudySpec) -> list[SettingChange]:
    """Stores the spec with the study, or compares it with the stored one; returns the harmless changes."""
    changes: list[SettingChange] = []
    text = spec.model_dump_json()
    if (before_text := study.user_attrs.get("spec")) is not None:
        before = parse_spec(spec.name, before_text)
        _refuse_other_meaning(before, spec)
        pairs = [(key, getattr(before, key), getattr(spec, key)) for key in SWITCHABLE]
        pairs.append(("environment.vec_env", before.environment.vec_env, spec.environment.vec_env))
        changes = [SettingChange(name=key, before=old, now=new) for key, old, new in pairs if old != new]
    elif study.get_trials(deepcopy=False) or study.directions != [StudyDirection.MAXIMIZE]:
        raise MeaningChanged(spec.name, ["it was not made by tuner"])
    else:
        name_metric(study)
    if before_text != text:
        study.set_user_attr("meaning", meaning_hash(spec))
        study.set_user_attr("seeds", seeds.plan())
        study.set_user_attr("tuner", __version__)
        study.set_user_attr("changed", time.strftime("%Y-%m-%d %H:%M:%S"))
        study.set_user_attr("spec", text)
    return changes


def name_metric(study: Study) -> None:
    """What the dashboard calls the axis."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)  # since Optuna 3.2, and unchanged since
        study.set_metric_names(["score"])


def _refuse_other_meaning(before: StudySpec, now: StudySpec) -> None:
    if differences := differences_in_meaning(before, now):
        raise MeaningChanged(now.name, differences)


def differences_in_meaning(before: StudySpec, now: StudySpec) -> list[str]:
    """What gives values another meaning than before, in words."""
    differences = [*_differences(before.meaning(), now.meaning())]
    for name in before.baselines.keys() & now.baselines.keys():  # a role stands for one configuration
        differences += _differences(before.baselines[name], now.baselines[name], f"baselines.{name}.")
    return differences


def _differences(old: Mapping[str, Any], new: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for key in {**old, **new}:
        before, now = old.get(key), new.get(key)
        if isinstance(before, dict) and isinstance(now, dict):
            yield from _differences(before, now, f"{prefix}{key}.")
        elif before != now:
            yield f"{prefix}{key}: stored {_brief(before)}, now {_brief(now)}"


def _brief(value: object) -> str:
    return "nothing" if value is None else json.dumps(value)


def qmc_seed(study: Study, spec: StudySpec) -> int:
    """The seed that the study's quasi-random sequence keeps for good; drawn when first asked for."""
    stored = study.user_attrs.get("qmc_seed")
    if stored is None:
        stored = spec.seed if spec.seed is not None else int(np.random.SeedSequence().generate_state(1)[0])
        study.set_user_attr("qmc_seed", stored)
    return int(stored)


MAX_ATTEMPTS = 3  # of one parameter set or run, before all stops
MAX_LOSSES = 10  # of one parameter set with what it ran on: it may be what kills it
WAY_OUT = "mend the cause, then the same command goes on"


def too_often(what: str, outcome: TrialOutcome) -> TooManyFailures:
    """The error for one thing that failed, or was lost, again and again."""
    how = f"was lost {MAX_LOSSES} times" if outcome.lost_with else f"failed {MAX_ATTEMPTS} times"
    return TooManyFailures(f"{what} {how}, at last: {outcome.reason} ({WAY_OUT})")
