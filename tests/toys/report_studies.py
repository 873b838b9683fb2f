"""Artificial studies for the report: trials of any number and kind, and a confirmation, without training."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna import Study
from optuna.trial import FrozenTrial, TrialState, create_trial

from tuner.config.conditions import holds, in_order
from tuner.config.load import find, load_study
from tuner.config.model import StudySpec
from tuner.config.parameters import ChoiceParameter
from tuner.config.space import snap
from tuner.finals.confirmation_plan import planned
from tuner.results.confirmation_arms import make_plan
from tuner.study.confirmation_writer import AskedConfirmation, ConfirmationWriter
from tuner.study.reader import StudyReader
from tuner.study.samplers import distributions

VERSIONS = {"roarm-tuner": "0.1.0", "numpy": "2.4.6"}
HARDWARE = {"cpu": "Some CPU", "cores": 2, "memory_gb": 4.0}


def reach(space: Path | str = "ppo_guide", **changes: Any) -> StudySpec:
    """The default study with its first two baselines, with another space or other keys of its file."""
    spec = load_study(find("studies", "reach"), changes={"space": str(space), **changes})
    two = {name: values for name, values in spec.baselines.items() if name in ("current", "proposed")}
    return spec if "baselines" in changes else spec.model_copy(update={"baselines": two})


def empty(spec: StudySpec) -> Study:
    """A study in memory."""
    study = optuna.create_study(storage=optuna.storages.InMemoryStorage(), study_name=spec.name, direction="maximize")
    study.set_user_attr("spec", spec.model_dump_json())
    return study


def reader_of(study: Study, spec: StudySpec) -> StudyReader:
    """A reader of the study as it is now, without artifacts."""
    return StudyReader(study, spec, Path("artifacts"))


def params_of(spec: StudySpec, generator: np.random.Generator) -> dict[str, Any]:
    """A point of the space; parameters whose condition does not hold are left out."""
    point: dict[str, Any] = {}
    for name, parameter in spec.space.parameters.items():
        if isinstance(parameter, ChoiceParameter):
            point[name] = parameter.choices[generator.integers(len(parameter.choices))]
            continue
        low, high = parameter.bounds
        share = generator.random()
        value = low + share * (high - low) if parameter.scale == "linear" else low * (high / low) ** share
        point[name] = int(value) if parameter.type == "int" else float(value)
    for name in in_order(spec.space.parameters):
        if not holds(spec.space.parameters[name], point):
            del point[name]
    return snap(spec.space, point)


def trial(
    spec: StudySpec,
    params: Mapping[str, Any],
    value: float | None,
    *,
    state: TrialState = TrialState.COMPLETE,
    evaluations: int | None = None,
    success: bool = True,
    **attributes: Any,
) -> FrozenTrial:
    """A trial whose score rises linearly to its value over its evaluations."""
    plan = spec.plan()[:evaluations]
    worth = 0.0 if value is None else value
    told = [worth * (place + 1) / len(plan) for place in range(len(plan))]
    curve = [
        {"step": point.step, "score": score, "success": score if success else None, "return": 10 * score}
        for point, score in zip(plan, told, strict=True)
    ]
    facts: dict[str, Any] = {"steps": plan[-1].step if plan else 0, "seconds": 10.0, "curve": curve}
    facts |= {"return": 10 * worth, **({"success": worth} if success else {})}
    facts |= {"versions": VERSIONS, "hardware": HARDWARE}
    always = {name: one.model_copy(update={"when": {}}) for name, one in spec.space.parameters.items()}
    known = distributions(spec.space.model_copy(update={"parameters": always}))
    finished = state.is_finished()
    return create_trial(
        state=state,
        value=value if state in (TrialState.COMPLETE, TrialState.PRUNED) else None,
        params=dict(params),
        distributions={name: known[name] for name in params},
        user_attrs={**facts, **attributes} if finished else attributes,
        intermediate_values={point.step: score for point, score in zip(plan, told, strict=True)} if finished else {},
    )


def baseline(spec: StudySpec, name: str, value: float, **more: Any) -> FrozenTrial:
    """A baseline as the writer stores it."""
    values = spec.baselines[name]
    params = {key: value for key, value in values.items() if key in spec.space.parameters}
    overrides = {key: value for key, value in values.items() if key not in params and key != "device"}
    return trial(spec, params, value, role=f"baseline:{name}", overrides=overrides, **more)


def filled(spec: StudySpec, count: int, seed: int = 0, *, prune: float = 0.5, **more: Any) -> Study:
    """The baselines and `count` trials, whose scores depend only on the learning rate."""
    generator = np.random.default_rng(seed)
    study = empty(spec)
    study.add_trials([baseline(spec, name, 0.3, **more) for name in spec.baselines])
    for _ in range(count):
        params = params_of(spec, generator)
        low, high = spec.space.parameters["learning_rate"].bounds
        place = np.log(params["learning_rate"] / low) / np.log(high / low)
        value = float(np.clip(0.2 + 0.7 * place + 0.02 * generator.normal(), 0, 1))
        early = generator.random() < prune
        state = TrialState.PRUNED if early else TrialState.COMPLETE
        study.add_trial(trial(spec, params, value, state=state, evaluations=4 if early else None, **more))
    return study


def confirm(study: Study, spec: StudySpec, values: Mapping[str, float], *, seeds: int = 6, top: int = 1) -> None:
    """Stores a whole confirmation, the runs of each configuration scattered round its value."""
    rows = reader_of(study, spec).rows
    plan = make_plan(rows, spec, top=top, test_seeds=seeds)
    book = ConfirmationWriter.open(study._storage, spec)
    book.note(AskedConfirmation(top=top, seeds=seeds, arms=tuple(arm.name for arm in plan.arms), trials=len(rows)))
    while missing := [run for run in planned(plan, book.results()) if run.key not in book.results()]:
        for run in missing:
            value = values[run.arm.name] + 0.01 * (run.place - 2)
            number = book.begin(run.key, {"arm": run.arm.name})
            curve = [
                {"step": point.step, "success": value * point.step / spec.timesteps, "return": value}
                for point in spec.plan()
            ]
            told = {"score": value, "success": value, "return": value, "curve": curve}
            book.complete(number, value, told)
