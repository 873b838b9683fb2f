"""Finds study and space files and reads them into specs. Names: current folder first, then the package."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ValidationError

from tuner.config.algorithms import ALGORITHMS
from tuner.config.baselines import in_other_environment
from tuner.config.environment_ids import same_environment
from tuner.config.faults import describe
from tuner.config.model import StudyFile, StudySpec
from tuner.config.packaged import shipped
from tuner.config.rules import algorithm_faults, baseline_faults, budget_faults, whole_budget
from tuner.config.searched_environment import objective_faults, with_own_values
from tuner.config.space import SpaceSpec
from tuner.config.yaml import read_yaml
from tuner.errors import SpecInvalid, TunerError, UnknownName, UsageProblem, did_you_mean
from tuner.record_type import Record

Kind = Literal["studies", "search_spaces"]
Model = TypeVar("Model", bound=BaseModel)
Made = TypeVar("Made")

GIVEN = "given"  # name of a space that was passed as an object, not as a file
OF_THE_ALGORITHM = (
    "algorithm",
    "baselines",
    "fixed",
    "space_changes",
    "stages",
    "trainer",
)  # study keys for one algorithm only
OF_THE_ENVIRONMENT = ("success", "normalize")  # study keys for one environment only, unless the command line has them
SINGULAR = {"studies": "study", "search_spaces": "search space"}


class Found(Record):
    """The file found for a name."""

    name: str
    path: Path
    where: str  # for messages


def folders(kind: Kind) -> list[tuple[Path, str]]:
    """The folders searched for files of a kind, in order: in the current folder, then in the package."""
    packaged, own = shipped(kind), (Path.cwd() / kind, f"./{kind}")
    return [own] if own[0] == packaged else [own, (packaged, "packaged with tuner")]


def is_path(name: str) -> bool:
    """Whether a name is a path to a file."""
    return "/" in name or name.endswith((".yaml", ".yml"))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name longer than any file's
        return False


def available(kind: Kind) -> dict[str, Path]:
    """Every name of a kind with its file."""
    names: dict[str, Path] = {}
    for folder, _ in reversed(folders(kind)):
        names |= {path.stem: path for path in sorted(folder.glob("*.yaml"))}
    return names


def find(kind: Kind, name: str, *, beside: Path | None = None) -> Found:
    """Finds a file by its path, if `name` has a slash or ends in .yaml, else by its name in the folders of the kind.

    Raises:
        UnknownName: if there is no file of that name.
    """
    if is_path(name):
        path = Path(name)
        near = beside.parent / name if beside is not None else path
        for candidate in (near, path):
            if _is_file(candidate):
                return Found(name=candidate.stem, path=candidate, where=str(candidate))
        example = next(iter(available(kind)))
        raise UsageProblem(f"no {SINGULAR[kind]} file {name!r} (for a packaged one give its name, such as {example!r})")
    for folder, where in folders(kind):
        if _is_file(path := folder / f"{name}.yaml"):
            return Found(name=name, path=path, where=where)
    raise UnknownName(SINGULAR[kind], name, available(kind), "or give the path of a YAML file")


def load_study(
    found: Found,
    *,
    name: str | None = None,
    changes: Mapping[str, Any] | None = None,
    env: str | None = None,
    space: SpaceSpec | None = None,
) -> StudySpec:
    """Reads a study file and its space, applies the command line's changes and checks the result.

    Args:
        found: The study file.
        name: The study's name, if not the file's.
        changes: Keys of the study file to replace; keys within `environment`, and within its `kwargs`, are merged.
        env: The environment's id, if the command line sets it.
        space: A space to use instead of the one that the file names.

    Raises:
        SpecInvalid: listing every problem.
    """
    data = read_yaml(found.path)
    source = str(found.path)
    chosen = elsewhere = False  # whether the command line names the space; whether another environment
    written: Any = {}  # the file's baselines
    if isinstance(data, dict):
        own, environment, written = data.get("space"), data.get("environment"), data.get("baselines")
        wanted = {key: value for key, value in (changes or {}).items() if key != "environment"}
        data = _with_changes(data, wanted, study_algorithm(found, data), space)
        chosen = "space" in wanted or data.get("space") != own
        if env is not None and isinstance(environment, dict):
            elsewhere = not same_environment(env, environment.get("id"))
        if chosen:  # what the named space searches is not fixed
            data = _searching(data, space)
        if elsewhere:
            data = {key: value for key, value in data.items() if key not in ("fixed", *OF_THE_ENVIRONMENT)}
            data |= {key: value for key, value in wanted.items() if key in OF_THE_ENVIRONMENT}
            data |= {"environment": {"id": env}, "description": ""}  # the text is about the own environment
            data = without_evaluation_environment(data)
        if options := (changes or {}).get("environment"):
            data["environment"] = with_options(data.get("environment", {}), options)
    faults: list[SpecInvalid] = []
    study = _try(faults, lambda: validate(StudyFile, data, source))
    used = space or _try(faults, lambda: _space_of(data, found, chosen))
    if study is None or used is None:
        raise SpecInvalid.together(faults)
    if elsewhere and (names := [name for name in used.of_environment if name not in study.environment.kwargs]):
        fault = f"space: searches {', '.join(names)} of another environment; take another --space"
        raise SpecInvalid(source, [f"{fault}, or name their values here by --env-kwargs"])
    if elsewhere and "baselines" not in (changes or {}):
        study = in_other_environment(study, used, written)
    return assemble(study, used, found.name if name is None else name, source)


def without_evaluation_environment(data: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of a study without the arguments of its own environment in evaluations."""
    kept = {key: value for key, value in data.items() if key != "evaluation_environment"}
    if isinstance(evaluation := kept.get("evaluation"), dict):
        kept["evaluation"] = {key: value for key, value in evaluation.items() if key != "environment"}
    return kept


def with_options(environment: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of an environment with others on top; its constructor's arguments are merged."""
    own, more = environment.get("kwargs") or {}, options.get("kwargs") or {}
    kwargs = {"kwargs": {**own, **more}} if isinstance(own, Mapping) and isinstance(more, Mapping) and more else {}
    return {**environment, **options, **kwargs}


def _searching(data: dict[str, Any], given: SpaceSpec | None) -> dict[str, Any]:
    """A study file without those of its fixed values that another space searches."""
    fixed = data.get("fixed")
    if not isinstance(fixed, dict) or not isinstance(data.get("space"), str):
        return data
    searched = given.parameters if given is not None else load_space(find("search_spaces", data["space"])).parameters
    return {**data, "fixed": {name: value for name, value in fixed.items() if name not in searched}}


def study_algorithm(found: Found, data: Any = None) -> str:
    """The algorithm that a study file is written for: that of its space, PPO if the space cannot be read."""
    data = read_yaml(found.path) if data is None else data
    try:
        space = read_yaml(find("search_spaces", data["space"], beside=found.path).path)
        own = space.get("algorithm", "ppo")
    except (TunerError, TypeError, KeyError, AttributeError):  # reported when the study is read
        own = "ppo"
    return own if isinstance(own, str) and own in ALGORITHMS else "ppo"


def _with_changes(
    data: Mapping[str, Any], changes: Mapping[str, Any], own: str, given: SpaceSpec | None
) -> dict[str, Any]:
    """A study file with the command line's changes; for another algorithm without the keys of its own algorithm."""
    if given is not None:
        changes = {**changes, "space": GIVEN}
    merged = {**data, **changes}
    asked = changes.get("algorithm")
    if asked in ALGORITHMS and asked != own and "space" not in changes:
        merged["space"] = ALGORITHMS[asked].space
    space = merged.get("space")
    if space == data.get("space") or not isinstance(space, str):
        return merged
    if (given.algorithm if given is not None else _algorithm_of(space)) != own:
        kept = {key: value for key, value in merged.items() if key not in OF_THE_ALGORITHM}
        merged = {**kept, **changes, "space": space}
    return merged


def _algorithm_of(space: str) -> str:
    """The algorithm of a space given on the command line."""
    data = read_yaml(find("search_spaces", space).path)
    return str(data.get("algorithm", "ppo")) if isinstance(data, dict) else "ppo"


def assemble(study: StudyFile, space: SpaceSpec, name: str, source: str) -> StudySpec:
    """Joins a study and its space into one checked spec, its budget rounded up to a multiple of the largest rollout.

    Raises:
        SpecInvalid: if they do not fit together, listing every problem.
    """
    if study.fixed:
        space = validate(SpaceSpec, {**space.model_dump(), "fixed": {**space.fixed, **study.fixed}}, source)
    space, study = _normalized(space, study)
    kwargs = study.environment.kwargs
    whole = {role: with_own_values(space, kwargs, values) for role, values in study.baselines.items()}
    study = study.model_copy(update={"baselines": whole})
    problems = [*algorithm_faults(space, study), *objective_faults(space, study)]
    problems += [*baseline_faults(space, whole), *budget_faults(space, study)]
    if problems:
        raise SpecInvalid(source, problems)
    rest = study.model_dump(exclude={"space", "space_changes", "fixed", "timesteps", "normalize"})
    full = {"name": name, "space_name": study.space, "space": space.model_dump(), **rest, "algorithm": space.algorithm}
    full["normalize_settled"] = "normalize" in study.model_fields_set
    return validate(StudySpec, {**full, "timesteps": whole_budget(space, study)}, source)


def _normalized(space: SpaceSpec, study: StudyFile) -> tuple[SpaceSpec, StudyFile]:
    """Applies the study's `normalize`: fixed values for what the space does not search, else baseline values."""
    if study.normalize is None:
        return space, study
    values = study.normalize.model_dump(exclude_defaults=True)
    values |= {"norm_obs": study.normalize.norm_obs, "norm_reward": study.normalize.norm_reward}
    fixed = {name: value for name, value in values.items() if name not in space.parameters}
    searched = {name: value for name, value in values.items() if name in space.parameters}
    baselines = {role: {**searched, **given} for role, given in study.baselines.items()}
    fixed_space = space.model_copy(update={"fixed": {**space.fixed, **fixed}})
    return fixed_space, study.model_copy(update={"baselines": baselines})


def _space_of(data: Any, found: Found, from_command_line: bool) -> SpaceSpec | None:
    """The space that a study file names, None if the key is missing or not text."""
    name = data.get("space") if isinstance(data, dict) else None
    if not isinstance(name, str) or not name:
        return None
    changes = data.get("space_changes", {})
    sound = isinstance(changes, dict) and all(isinstance(change, dict) for change in changes.values())
    space = find("search_spaces", name, beside=None if from_command_line else found.path)
    return load_space(space, changes if sound else {}, changed_by=str(found.path))


def _try(faults: list[SpecInvalid], make: Callable[[], Made]) -> Made | None:
    """The result of `make`; a SpecInvalid is added to `faults` instead of raised."""
    try:
        return make()
    except SpecInvalid as error:
        faults.append(error)
        return None


def load_space(
    found: Found, changes: Mapping[str, Mapping[str, Any]] | None = None, *, changed_by: str = ""
) -> SpaceSpec:
    """Reads a space file and merges changes into single parameters.

    Raises:
        SpecInvalid: listing every problem, after the space file's name and that of the file with the changes.
    """
    data = read_yaml(found.path)
    source = f"{found.path}, changed by {changed_by}" if changes and changed_by else str(found.path)
    if changes and isinstance(data, dict) and isinstance(data.get("parameters"), dict):
        known = data["parameters"]
        unknown = [f"space_changes.{n}: unknown parameter{did_you_mean(n, known)}" for n in changes if n not in known]
        if unknown:
            raise SpecInvalid(source, unknown)
        data["parameters"] = {n: _changed(p, changes.get(n, {})) for n, p in known.items()}
    return validate(SpaceSpec, data, source)


def _changed(parameter: object, change: Mapping[str, Any]) -> object:
    """A parameter with a change merged into it; anything but a mapping is returned for the model to reject."""
    return {**parameter, **change} if isinstance(parameter, dict) else parameter


def validate(model: type[Model], data: Any, source: str) -> Model:
    """The data as a spec; raises SpecInvalid with every problem if they are not valid."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise SpecInvalid(source, describe(error, model)) from None
