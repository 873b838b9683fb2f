"""The spec that is stored with a study, and its comparison with a new one."""

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
from tuner.config.wider_space import grown
from tuner.errors import NothingToShow, SpecInvalid, StudyDiffers, TooManyFailures, UnknownName
from tuner.record_type import Record
from tuner.records import TrialOutcome

CONFIRMS = "confirms"  # attribute of a confirmation study: the name of the study that it confirms
SWITCHABLE = (
    "sampler", "pruner", "finals", "seed", "device", "trainer", "trials", "description", "space_name", "track",
)  # fmt: skip


def stored_names(storage: BaseStorage) -> list[str]:
    """The names of the studies in a database."""
    return optuna.get_all_study_names(storage)


def read_history(study: Study) -> None:
    """Reads every trial of a study into its storage's cache.

    Garbage collection is paused meanwhile: a long history is millions of objects that stay, and scanning them
    repeatedly takes longer than reading them.
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


def confirmation_name(name: str) -> str:
    """The name of the study that stores a study's confirmation."""
    return f"{name}-confirm"


def fail_running(storage: BaseStorage, study: Study, reason: str) -> int:
    """Tells every running trial FAIL, as interrupted; under the lock, no other process runs one."""
    running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    for trial in running:
        storage.set_trial_user_attr(trial._trial_id, "interrupted", reason)
        study.tell(trial.number, state=TrialState.FAIL)
    return len(running)


def failure(outcome: TrialOutcome) -> dict[str, str]:
    """The attributes of a failed trial; a trial lost with its node or mailbox counts as interrupted."""
    if outcome.lost_with:
        return {"interrupted": outcome.reason, "lost_with": outcome.lost_with}
    return {"failure": outcome.reason}


def load_stored(storage: BaseStorage, name: str) -> tuple[Study, StudySpec]:
    """Opens a stored study for reading; returns it with its spec.

    Raises:
        UnknownName: if the database holds no study of that name.
        NothingToShow: if it is a confirmation, or was not made by tuner.
    """
    names = stored_names(storage)
    if name not in names:
        raise UnknownName("study in the database", name, names, "" if names else "it is empty; start with `tuner run`")
    study = optuna.load_study(storage=storage, study_name=name)
    text = study.user_attrs.get("spec")
    if (confirmed := study.user_attrs.get(CONFIRMS)) is not None:
        raise NothingToShow(f"study {name!r} stores a confirmation: see `tuner confirm {confirmed}`")
    if text is None:
        raise NothingToShow(f"study {name!r} was not made by tuner: it has no stored spec (choose another with --name)")
    return study, parse_spec(name, text)


def parse_spec(name: str, text: Any) -> StudySpec:
    """The spec of a stored study.

    Raises:
        NothingToShow: if this version cannot read it.
    """
    try:
        data = {**json.loads(text), "name": name}  # its current name: the dashboard can rename it
        return validate(StudySpec, data, f"the stored study {name!r}")
    except (SpecInvalid, TypeError, ValueError) as error:
        raise NothingToShow(
            f"study {name!r} has a spec that tuner {__version__} cannot read, perhaps of another version: "
            f"{' '.join(str(error).split())} (choose another study with --name)"
        ) from None


def meaning_hash(spec: StudySpec) -> str:
    """A short hash of the settings that values depend on."""
    return hashlib.sha256(json.dumps(spec.meaning(), sort_keys=True).encode()).hexdigest()[:16]


def create(storage: BaseStorage, name: str) -> Study:
    """Creates an empty study, without Optuna's log message."""
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        return optuna.create_study(storage=storage, study_name=name, direction="maximize")
    finally:
        optuna.logging.set_verbosity(verbosity)


class SettingChange(Record):
    """A changed setting with which a stored study may resume."""

    name: str
    before: Any
    now: Any


def write_spec(study: Study, spec: StudySpec, *, extend: bool = False) -> list[SettingChange]:
    """Stores the spec with a new study, or compares it with the stored one; returns the permitted changes.

    With `extend`, ranges of the space may have grown.
    """
    changes: list[SettingChange] = []
    text = spec.model_dump_json()
    if (before_text := study.user_attrs.get("spec")) is not None:
        before = parse_spec(spec.name, before_text)
        refuse_other_changes(before, spec, extend=extend)
        wider = grown(before, spec)
        changes = [SettingChange(name=name, before=_range(before, name), now=_range(spec, name)) for name in wider]
        pairs = [(key, getattr(before, key), getattr(spec, key)) for key in SWITCHABLE]
        pairs.append(("environment.vec_env", before.environment.vec_env, spec.environment.vec_env))
        changes += [SettingChange(name=key, before=old, now=new) for key, old, new in pairs if old != new]
    elif study.get_trials(deepcopy=False) or study.directions != [StudyDirection.MAXIMIZE]:
        raise StudyDiffers(spec.name, ["it was not made by tuner"])
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
    """Names the objective in the dashboard."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)  # since Optuna 3.2, and unchanged since
        study.set_metric_names(["score"])


def refuse_other_changes(before: StudySpec, now: StudySpec, *, extend: bool) -> None:
    """Refuses settings that values depend on, save with `extend` ranges that grew.

    Raises:
        StudyDiffers: with the differences and the ways on.
    """
    differences = differences_in_meaning(before, now)
    wider = tuple(f"space.{name}." for name in grown(before, now))
    others = [one for one in differences if not one.startswith(wider)]
    if others or (differences and not extend):
        raise StudyDiffers(now.name, differences, extendable=not others)


def _range(spec: StudySpec, name: str) -> str:
    low, high = spec.space.parameters[name].bounds
    return f"{low:g} to {high:g}"


def differences_in_meaning(before: StudySpec, now: StudySpec) -> list[str]:
    """The differences in settings that values depend on, in words."""
    differences = [*_differences(before.meaning(), now.meaning())]
    for name in before.baselines.keys() & now.baselines.keys():  # a baseline's name stands for one configuration
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
    """The seed of the study's quasi-random sequence; drawn and stored at the first call."""
    stored = study.user_attrs.get("qmc_seed")
    if stored is None:
        stored = spec.seed if spec.seed is not None else int(np.random.SeedSequence().generate_state(1)[0])
        study.set_user_attr("qmc_seed", stored)
    return int(stored)


MAX_ATTEMPTS = 3  # of one parameter set or run, before the run stops
MAX_LOSSES = 10  # of one parameter set with its node, which it may be killing
WAY_OUT = "fix the cause, then rerun to resume"


def too_many_failures(what: str, outcome: TrialOutcome) -> TooManyFailures:
    """The error for a trial or run that failed, or was lost, too often."""
    how = f"was lost {MAX_LOSSES} times" if outcome.lost_with else f"failed {MAX_ATTEMPTS} times"
    return TooManyFailures(f"{what} {how}, last reason: {outcome.reason} ({WAY_OUT})")
