"""From what was typed to a spec: a file, a packaged study, or one that the database holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from optuna.storages import BaseStorage
from sqlalchemy.engine import URL

from tuner.errors import SpecInvalid, UnknownName
from tuner.spec.load import available, find, load_space, load_study
from tuner.spec.model import EnvironmentSpec, StudySpec
from tuner.study.storage import database_path, open_existing, storage_errors
from tuner.study.stored import load_stored, stored_names
from tuner.training.names import full_id


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """A spec and where it came from."""

    spec: StudySpec
    source: str


def resolve(argument: str, url: URL, *, name: str | None, changes: Mapping[str, Any], env: str | None) -> Resolved:
    """The spec that a run asks for.

    Raises:
        UnknownName: where neither a file nor the database has a study of that name.
        SpecInvalid: where the study breaks the rules.
    """
    environment = full_id(env) if env is not None else None
    is_file = "/" in argument or argument.endswith((".yaml", ".yml"))
    if is_file or argument in available("studies"):
        found = find("studies", argument)
        spec = load_study(found, name=name, changes=changes, env=environment)
        return Resolved(spec=_named(spec), source=found.where)
    if not database_path(url).is_file():
        raise UnknownName("study", argument, available("studies"), "or give the path of a YAML file")
    with storage_errors(url):
        spec = _stored(open_existing(url), argument)
    changed = spec.model_copy(update=_update(spec, changes, environment))
    return Resolved(spec=changed, source=f"stored in {database_path(url)}")


def _stored(storage: BaseStorage, name: str) -> StudySpec:
    names = stored_names(storage)
    if name not in names:
        valid = {*names, *available("studies")}
        raise UnknownName("study", name, valid, "or give the path of a YAML file")
    return load_stored(storage, name)[1]


def _named(spec: StudySpec) -> StudySpec:
    """The spec with the environment's full id, so that two spellings of one environment mean the same."""
    environment = spec.environment.model_copy(update={"id": full_id(spec.environment.id)})
    return spec.model_copy(update={"environment": environment})


def _update(spec: StudySpec, changes: Mapping[str, Any], environment: str | None) -> dict[str, Any]:
    update = {key: value for key, value in changes.items() if key != "space"}
    if "space" in changes:
        update |= {"space_name": changes["space"], "space": load_space(find("search_spaces", changes["space"]))}
    if environment is not None and environment != spec.environment.id:
        update["environment"] = EnvironmentSpec(id=environment)
    return update


def refuse_few_trials(spec: StudySpec) -> None:
    """Refuses fewer trials than baselines, which would be a study without tuning.

    Raises:
        SpecInvalid: with the least number.
    """
    count = len(spec.baselines)
    if spec.trials < count:
        raise SpecInvalid(
            "--trials",
            [f"{spec.trials} is less than the study's {count} baselines, which run first; give at least {count}"],
        )
