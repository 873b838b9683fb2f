"""Finds study and space files and reads them into specs. Names are looked up in the folder, then in the package."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ValidationError

from tuner.errors import SpecInvalid, UnknownName, UsageProblem, did_you_mean
from tuner.spec import arguments
from tuner.spec.faults import describe
from tuner.spec.model import StudyFile, StudySpec, largest_rollout
from tuner.spec.space import SpaceSpec, allows, not_below
from tuner.spec.yaml import read_yaml

Kind = Literal["studies", "search_spaces"]
Model = TypeVar("Model", bound=BaseModel)

SINGULAR = {"studies": "study", "search_spaces": "search space"}


@dataclass(frozen=True, kw_only=True)
class Found:
    """A file that a name led to."""

    name: str
    path: Path
    where: str  # in words, for the person


def folders(kind: Kind) -> list[tuple[Path, str]]:
    """Where files of a kind are looked up, in order: the current folder's, then the packaged ones."""
    packaged = Path(str(files("tuner"))) / "presets" / kind
    checkout = Path(str(files("tuner"))).parent / kind
    shipped = packaged if packaged.is_dir() else checkout
    own = Path.cwd() / kind
    places = [(own, f"./{kind}")] if own != shipped else []
    return [*places, (shipped, "packaged with tuner")]


def available(kind: Kind) -> dict[str, Path]:
    """Every name of a kind with the file that it leads to."""
    names: dict[str, Path] = {}
    for folder, _ in reversed(folders(kind)):
        names |= {path.stem: path for path in sorted(folder.glob("*.yaml"))}
    return names


def find(kind: Kind, name: str, *, beside: Path | None = None) -> Found:
    """The file that a name means: a path where it holds a slash or ends in .yaml, else a file of that name.

    Raises:
        UnknownName: where nothing answers to the name.
    """
    if "/" in name or name.endswith((".yaml", ".yml")):
        path = Path(name)
        near = beside.parent / name if beside is not None else path
        for candidate in (near, path):
            if candidate.is_file():
                return Found(name=candidate.stem, path=candidate, where=str(candidate))
        raise UsageProblem(f"no {SINGULAR[kind]} file {name!r} (a bare name such as 'reach' means a packaged one)")
    for folder, where in folders(kind):
        if (path := folder / f"{name}.yaml").is_file():
            return Found(name=name, path=path, where=where)
    raise UnknownName(SINGULAR[kind], name, available(kind), "or give the path of a YAML file")


def load_study(
    found: Found, *, name: str | None = None, changes: Mapping[str, Any] | None = None, env: str | None = None
) -> StudySpec:
    """Reads a study file and its space, with the command line's changes, into a checked spec.

    Args:
        found: The study file.
        name: The study's name, where it is not the file's.
        changes: Keys of the study file that the command line sets.
        env: The environment's id, where the command line sets it.

    Raises:
        SpecInvalid: with every fault.
    """
    data = read_yaml(found.path)
    if isinstance(data, dict):
        data = {**data, **(changes or {})}
        environment = data.get("environment")
        if env is not None and isinstance(environment, dict) and environment.get("id") != env:
            data["environment"] = {"id": env}
    study = validate(StudyFile, data, str(found.path))
    space = load_space(find("search_spaces", study.space, beside=found.path), study.space_changes)
    source = str(found.path)
    problems = [*_baseline_faults(space, study.baselines)] or [*_budget_faults(space, study)]
    if problems:
        raise SpecInvalid(source, problems)
    rest = study.model_dump(exclude={"space", "space_changes", "timesteps"})
    full = {"name": name or found.name, "space_name": study.space, "space": space.model_dump(), **rest}
    return validate(StudySpec, {**full, "timesteps": whole_budget(space, study)}, source)


def load_space(found: Found, changes: Mapping[str, Mapping[str, Any]] | None = None) -> SpaceSpec:
    """Reads a space file, with changes to single parameters laid over it."""
    data = read_yaml(found.path)
    source = str(found.path)
    if changes and isinstance(data, dict) and isinstance(data.get("parameters"), dict):
        known = data["parameters"]
        unknown = [f"space_changes.{n}: unknown parameter{did_you_mean(n, known)}" for n in changes if n not in known]
        if unknown:
            raise SpecInvalid(source, unknown)
        data["parameters"] = {n: _changed(p, changes.get(n, {})) for n, p in known.items()}
    return validate(SpaceSpec, data, source)


def _changed(parameter: object, change: Mapping[str, Any]) -> object:
    """A parameter with a change laid over it; what is no mapping is left for the model to refuse."""
    return {**parameter, **change} if isinstance(parameter, dict) else parameter


def validate(model: type[Model], data: Any, source: str) -> Model:
    """Data as a spec; every fault at once where it is none."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise SpecInvalid(source, describe(error, model)) from None


def _baseline_faults(space: SpaceSpec, baselines: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for role, values in baselines.items():
        path = f"baselines.{role}"
        if values.get("device", "cpu") not in ("cpu", "auto", "cuda"):
            yield f"{path}.device: {values['device']!r} must be cpu, auto or cuda"
        yield from arguments.faults({name: value for name, value in values.items() if name != "device"}, path)
        for name in space.parameters:
            if name not in values:
                yield f"{path}.{name}: is required, since the space searches it"
            elif (fault := allows(space, name, values[name]) or not_below(space, name, values)) is not None:
                yield f"{path}.{name}: {fault}"


def _budget_faults(space: SpaceSpec, study: StudyFile) -> Iterator[str]:
    if not isinstance(space.lowest("n_steps"), int):
        yield "space: n_steps must be searched with bounds or fixed to a whole number, since it sets the checkpoints"
        return
    rollout = largest_rollout(space, dict(study.baselines), study.environment.n_envs)
    if study.timesteps < rollout:
        yield (
            f"timesteps: {study.timesteps} is less than one largest rollout (n_steps x n_envs = {rollout}); "
            f"give at least {rollout}, or lower the space's n_steps"
        )


def whole_budget(space: SpaceSpec, study: StudyFile) -> int:
    """The budget, rounded up to whole multiples of the largest rollout."""
    rollout = largest_rollout(space, dict(study.baselines), study.environment.n_envs)
    return math.ceil(study.timesteps / rollout) * rollout
