"""From what was typed to a spec: a file, a packaged study, or one that the database holds."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from unicodedata import normalize

from sqlalchemy.engine import URL

from tuner.app.events import BaselineTaken
from tuner.app.limits import DEFAULT_STUDY
from tuner.app.notify import Notifier
from tuner.config import load
from tuner.config.algorithms import ALGORITHMS
from tuner.config.baselines import in_other_environment, read_baseline, with_baselines
from tuner.config.configuration import of_environment
from tuner.config.environment_ids import same_environment, split
from tuner.config.first_look import OF_THE_RUN, without_look
from tuner.config.model import StudyFile, StudySpec
from tuner.config.searched_environment import with_own_values
from tuner.config.space import SpaceSpec
from tuner.config.yaml import read_yaml
from tuner.errors import NothingToShow, SpecInvalid, UnknownName, UsageProblem
from tuner.record_type import Record
from tuner.records import EnvironmentRef
from tuner.study.reader import StudyReader, open_reader
from tuner.study.rows import best
from tuner.study.storage import DEFAULT_URL, Storage, describe, is_there, open_to_read, parse_url, storage_errors
from tuner.study.stored import load_stored, stored_names
from tuner.training.making import full_id, home
from tuner.training.wrapping import wrappers_home


def storage_url(text: str | None) -> URL:
    """The database's URL, the default where none is given."""
    return parse_url(text or DEFAULT_URL)


def study_name(argument: str) -> str:
    """The name under which a study's file or name is stored."""
    return normalize("NFC", Path(argument).stem if load.is_path(argument) else argument)


def open_study(argument: str, storage: str | None) -> StudyReader:
    """A stored study to read from, by its name or by its file's.

    Raises:
        StorageFailed: where there is no database.
        UnknownName: where it holds no such study.
    """
    return open_reader(storage_url(storage), study_name(argument))


class Resolved(Record):
    """A spec and where it came from."""

    spec: StudySpec
    source: str
    timesteps_asked: int  # before they were rounded up
    left: tuple[str, ...] = ()  # baselines that another algorithm cannot take


def resolve(
    argument: str,
    url: URL,
    *,
    name: str | None,
    changes: Mapping[str, Any],
    env: str | None,
    space: SpaceSpec | None = None,
    stored: bool = False,
) -> Resolved:
    """The spec that a run asks for: a file's, a packaged study's, or a stored one's, with the command line's changes.

    A study in another environment than the file's gets a name of its own, so that the file's keeps its meaning.

    Raises:
        UsageProblem: where there is no such algorithm.
        UnknownName: where neither a file nor the database has a study of that name.
        SpecInvalid: where the study breaks the rules.
    """
    if (asked := changes.get("algorithm")) is not None and asked not in tuple(ALGORITHMS):
        raise UsageProblem(f"--algorithm {asked!r}: must be one of {', '.join(ALGORITHMS)}")
    environment = full_id(env) if env is not None else None
    in_file = not stored and (load.is_path(argument) or argument in load.available("studies"))
    if "space_changes" in changes and (space is not None or not in_file):
        raise UsageProblem("space_changes: change the space of a study's file; give the changed space itself here")
    if in_file:
        return _from_file(load.find("studies", argument), name, changes, environment, space)
    if not is_there(url):
        raise UnknownName("study", argument, load.available("studies"), "or give the path of a YAML file")
    with storage_errors(url):
        found = _stored(open_to_read(url), study_name(argument))
    return _from_database(found, name, changes, environment, f"stored in {describe(url)}", space)


def _from_file(
    found: load.Found, name: str | None, changes: Mapping[str, Any], environment: str | None, space: SpaceSpec | None
) -> Resolved:
    spec = load.load_study(found, name=name, changes=changes, env=environment, space=space)
    written = read_yaml(found.path)
    elsewhere = environment is not None and not same_environment(environment, written["environment"]["id"])
    other = spec.algorithm != load.study_algorithm(found)
    if name is None:
        usual = ALGORITHMS[spec.algorithm].space if other else written["space"]
        own_space = changes["space"] if space is None and changes.get("space", usual) != usual else None
        algorithm = spec.algorithm if other and own_space is None else None
        own_name = _joined(found.name, environment if elsewhere else None, algorithm, own_space)
        made = load.validate(StudySpec, {**spec.model_dump(), "name": own_name}, found.where)  # an id may not be a name
        spec = made.model_copy(update={"on_trial_end": spec.on_trial_end})  # which no dump holds
    spec = _found(spec)
    return Resolved(
        spec=spec,
        source=found.where,
        timesteps_asked=changes.get("timesteps", written.get("timesteps")),
        left=tuple(written.get("baselines") or ()) if other else (),
    )


def _found(spec: StudySpec) -> StudySpec:
    """The study with its environment's name in normal form, since two spellings mean the same, and where it is."""
    there = spec.environment
    full = full_id(there.id, there.folder)
    beside = wrappers_home(there.wrappers, there.folder)
    if there.vec_wrappers:
        from tuner.training.vec_wrapping import vec_wrappers_home  # imports torch

        beside = vec_wrappers_home(there.vec_wrappers, there.folder) or beside
    if spec.policy_kwargs:
        from tuner.training.needs import classes_home  # imports torch

        beside = classes_home(spec.policy_kwargs, there.folder) or beside
    folder = home(full) or beside or (there.folder and str(Path(there.folder).resolve()))
    return spec.model_copy(update={"environment": there.model_copy(update={"id": full, "folder": folder})})


def _joined(name: str, environment: str | None, algorithm: str | None, space: str | None = None) -> str:
    """The name of a study in another environment, by another algorithm or in another space than the file's."""
    place = split(environment)[1].replace("/", "-") if environment is not None else None
    stem = Path(space).stem if space is not None else None
    return "-".join(part for part in (name, place, algorithm, stem) if part is not None)


def _from_database(
    stored: StudySpec,
    name: str | None,
    changes: Mapping[str, Any],
    environment: str | None,
    source: str,
    given: SpaceSpec | None,
) -> Resolved:
    data = stored.model_dump(exclude={"name", "space", "space_name", "algorithm", *OF_THE_RUN})
    asked = changes.get("algorithm", stored.algorithm)
    wanted = changes.get("space") or (ALGORITHMS[asked].space if asked != stored.algorithm else None)
    options = changes.get("environment", {})
    data |= {
        "space": wanted or stored.space_name,
        **changes,
        "environment": load.with_options(data["environment"], options),
    }
    if given is not None:
        data["space"] = load.GIVEN
    elsewhere = environment is not None and not same_environment(environment, stored.environment.id)
    if elsewhere:
        data["environment"] = {"id": environment, **options}
        data |= {"success": changes.get("success"), "description": ""}
        data = load.without_evaluation_environment(data)
        stored = without_look(stored)
    space = given or (load.load_space(load.find("search_spaces", wanted)) if wanted else stored.space)
    other = space.algorithm != stored.algorithm
    if other:
        data |= {"baselines": {}, "stages": (), "trainer": "auto"}
    own_name = _joined(stored.name, environment if elsewhere else None, space.algorithm if other else None)
    study = load.validate(StudyFile, data, source)
    if elsewhere and "baselines" not in changes:
        study = in_other_environment(study, space, stored.baselines)
    spec = load.assemble(study, space, own_name if name is None else name, source)
    left = tuple(stored.baselines) if other else ()
    return Resolved(spec=_found(spec), source=source, timesteps_asked=study.timesteps, left=left)


def _stored(storage: Storage, name: str) -> StudySpec:
    names = stored_names(storage)
    if name not in names:
        valid = {*names, *load.available("studies")}
        raise UnknownName("study", name, valid, "or give the path of a YAML file")
    return load_stored(storage, name)[1]


def environment_to_check(name: str | None, kwargs: Mapping[str, Any], wrappers: Sequence[str] = ()) -> EnvironmentRef:
    """The environment that a check looks at: the one named, else the default study's with its options.

    `kwargs` come on top of these, `wrappers` in place of its own.

    Raises:
        EnvironmentUnusable: unknown name.
    """
    if name is not None:
        return EnvironmentRef(id=full_id(name), kwargs=dict(kwargs), wrappers=tuple(wrappers))
    ref = load.load_study(load.find("studies", DEFAULT_STUDY)).environment.ref()
    given = {**ref.kwargs, **kwargs}
    return replace(ref, id=full_id(ref.id), kwargs=given, wrappers=tuple(wrappers) or ref.wrappers)


def refuse_few_trials(spec: StudySpec) -> None:
    """Refuses fewer trials than baselines, which would be a study without tuning.

    Raises:
        SpecInvalid: with the least number.
    """
    count = len(spec.baselines)
    if spec.trials < count:
        least = f"give at least {count}, or --no-baselines"
        fault = f"{spec.trials} is less than the study's {count} baselines, which run first; {least}"
        raise SpecInvalid("--trials", [fault])


def warmed(
    spec: StudySpec, files: Sequence[str], study: str | None, storage: str | None, notifier: Notifier
) -> StudySpec:
    """The study with the baselines that files, and the best of another study, add.

    Raises:
        SpecInvalid: where one of them is none that the study can hold.
        NothingToShow: where the other study has no completed trial.
        UsageProblem: where a file cannot be read.
    """
    for file in files:
        taken = read_baseline(file, spec.environment.id, spec.algorithm)
        values = with_own_values(spec.space, taken.kwargs, taken.values)
        spec = with_baselines(spec, {taken.name: values}, f"--baseline {file}")
        left = tuple(key for key in taken.left if key != "env_kwargs" or not taken.kwargs.keys() <= values.keys())
        left += tuple(f"policy_kwargs.{key}" for key in taken.policy_kwargs)
        notifier.notify(BaselineTaken(name=taken.name, origin=file, left=left))
    return spec if study is None else _from_study(spec, study, storage, notifier)


def _from_study(spec: StudySpec, name: str, storage: str | None, notifier: Notifier) -> StudySpec:
    if name == spec.name:
        raise UsageProblem(f"--from {name}: is this study itself; name another")
    other = open_study(name, storage)
    if other.spec.algorithm != spec.algorithm:
        raise UsageProblem(f"--from {name}: is a study of {other.spec.algorithm}, this one of {spec.algorithm}")
    winner = best(other.rows)
    if winner is None:
        raise NothingToShow(
            f"--from {name}: the study has no completed trial to start from (see `tuner status {name}`)"
        )
    notifier.notify(BaselineTaken(name=f"from-{name}", study=name, origin=winner.label))
    values = with_own_values(spec.space, other.spec.environment.kwargs, winner.arguments)
    return with_baselines(spec, {f"from-{name}"[:64]: _of_study(spec, values, name)}, f"--from {name}")


def _of_study(spec: StudySpec, configuration: Mapping[str, Any], source: str) -> dict[str, Any]:
    """Another study's configuration, without arguments of the environment that are this study's own.

    Raises:
        UsageProblem: where this study's environment has another value.
    """
    kwargs, own = spec.environment.kwargs, spec.space.of_environment
    foreign = {n: v for n, v in of_environment(configuration, spec.algorithm).items() if n not in own}
    if missing := [f"--env-kwargs {n}={v}" for n, v in foreign.items() if n not in kwargs or kwargs[n] != v]:
        raise UsageProblem(
            f"--from {source}: its best was searched in the environment too, as this study is not: give "
            f"{' '.join(missing)}, or a --space that searches it"
        )
    return {name: value for name, value in configuration.items() if name not in foreign}
