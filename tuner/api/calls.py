"""Tuning, opening, checking and comparing from Python."""

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import gymnasium as gym

from tuner.api.environment_names import Environment, engine_options, environment_name
from tuner.api.notebook import default_notifier
from tuner.api.study_handle import Study
from tuner.app import check as checking
from tuner.app import compare as comparing
from tuner.app import resolve
from tuner.app.limits import (
    COMPARED_MINUTES,
    DEFAULT_STUDY,
    MOST_CHECKED,
    MOST_SEEDS,
    deadline,
    file_path,
    time_limit,
    whole_number,
)
from tuner.app.notify import Notifier
from tuner.app.tune import TuneRequest
from tuner.app.tune import tune as run_tuning
from tuner.checking.check_report import EPISODES, CheckReport
from tuner.comparison.comparison_records import Comparison
from tuner.config.environment_ids import split
from tuner.config.load import available, is_path, validate
from tuner.config.space import SpaceSpec
from tuner.errors import UnknownName, UsageProblem
from tuner.study.reader import find_reader, open_reader
from tuner.training.making import offered

Kind = TypeVar("Kind")
EnvOrStudy = Environment | os.PathLike[str] | Study


def tune(
    env_or_study: EnvOrStudy,
    *,
    trials: int | None = None,
    space: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    storage: str | None = None,
    name: str | None = None,
    timesteps: int | None = None,
    algorithm: str | None = None,
    workers: int | None = None,
    engine: str = "processes",
    minutes: float | None = None,
    env_kwargs: Mapping[str, Any] | None = None,
    n_envs: int | None = None,
    wrappers: str | Sequence[str | Mapping[str, Any]] | None = None,
    check: bool = True,
    notifier: Notifier | None = None,
    **settings: Any,
) -> Study:
    """Runs trials until the study has `trials` finished ones; the same call again resumes.

    Equivalent to `tuner run`; either can resume what the other began. Ctrl-C is raised again after clean-up.

    Args:
        env_or_study: An environment (an id, a class, or a function that makes one; tuned as the study `reach` has it),
            or a study: its name, the path of a study file, or an open `Study`.
        trials: Total number of finished trials, including earlier runs. Default: the study's.
        space: A search space by its name or file, or as a mapping of `algorithm`, `parameters` and `fixed`.
        storage: URL of the database, as SQLAlchemy writes it. Default: an open study's own, the variable
            TUNER_STORAGE, or sqlite:///studies/tuner.db.
        name: The study's name in the database. Default: the file's name, plus the environment's if it differs.
        timesteps: Environment steps per full trial.
        algorithm: Such as ppo, sac or tqc (docs/howto/algorithms.md); its own search space unless `space` is given.
        workers: Parallel trials. Default: one per core.
        engine: `processes`, `inline` (this process, one at a time) or `ray`.
        minutes: Time limit; nothing is started that would end later.
        env_kwargs: Keyword arguments of the environment's constructor.
        n_envs: Parallel environments per trial.
        wrappers: Import paths of wrappers, or mappings of one path to its arguments, as `env_wrapper` of rl_zoo3.
        check: Whether a new study's environment is checked first, and refused if something is wrong.
        notifier: Receives events and progress. Default: silent; in a notebook, progress bars.
        **settings: Other keys of a study file: sampler, pruner, seed, goals, objective, baselines and so on.

    Returns:
        The study.

    Raises:
        UsageProblem, SpecInvalid, UnknownName: invalid argument; the message says value, rule and fix.
        EnvironmentUnusable, EnvironmentFailed, CheckFailed: the environment cannot be trained in.
        StudyDiffers: the study exists with a configuration whose scores are not comparable.
        StudyLocked: another process is working on the study.
        TooManyFailures: trials failed repeatedly.
        StorageFailed: the database cannot be written.
        KeyboardInterrupt: after finished trials were stored.
    """
    storage = _storage(env_or_study, storage)
    study, environment, known = _study_and_environment(env_or_study, storage)
    asked = {
        "trials": trials,
        "timesteps": timesteps,
        "algorithm": algorithm,
        **_settings(env_kwargs, {"n_envs": n_envs, "wrappers": wrappers}, settings),
    }
    in_no_file = validate(SpaceSpec, dict(space), "space") if isinstance(space, Mapping) else None
    if space is not None and in_no_file is None:
        asked["space"] = str(file_path("space", space))
    request = TuneRequest(
        study=study,
        storage=storage,
        name=_of(str, "name", name, "text, and some"),
        changes={key: value for key, value in asked.items() if value is not None},
        environment=environment,
        space=in_no_file,
        stored=isinstance(env_or_study, Study),
        engine=engine_options(known, workers, engine),
        skip_check=not check,
        deadline=None if minutes is None else deadline(time_limit("minutes", minutes)),
    )
    result = run_tuning(request, default_notifier(notifier))
    if result.interrupted:
        raise KeyboardInterrupt
    last = result.summaries[-1].study if result.summaries else result.spec.name
    return Study(open_reader(result.url, last), storage)


def _settings(
    env_kwargs: Mapping[str, Any] | None, others: Mapping[str, Any], settings: Mapping[str, Any]
) -> dict[str, Any]:
    """The keys of a study file, with the environment's options under `environment`."""
    if "environment" in settings:
        raise UsageProblem("environment: is the first argument; its options go into env_kwargs, n_envs and wrappers")
    kwargs = _of(Mapping, "env_kwargs", env_kwargs, "a mapping of names to values")  # type: ignore[type-abstract]
    options = {"kwargs": kwargs and dict(kwargs), **others}
    return {**settings, "environment": {key: value for key, value in options.items() if value is not None} or None}


def _study_and_environment(env_or_study: EnvOrStudy, storage: str | None) -> tuple[str, str | None, str]:
    """Returns the study's name or file, the environment if not the study's own, and the environment workers make."""
    if isinstance(env_or_study, Study):
        return env_or_study.name, None, env_or_study.environment
    if isinstance(env_or_study, os.PathLike):
        return os.fspath(env_or_study), None, ""
    if isinstance(env_or_study, str):
        front, bare = split(env_or_study)
        is_environment = bool(front) or bare in gym.registry or re.search(r"-v\d+$", bare) is not None
        if not is_environment and (is_path(bare) or bare in available("studies")):
            return bare, None, ""
        if (reader := find_reader(resolve.storage_url(storage), env_or_study)) is not None:
            return env_or_study, None, reader.spec.environment.id
        if not is_environment and bare not in offered():
            names = [*available("studies"), *offered()]
            raise UnknownName("study or environment", bare, names, "or give module:Id, a class or a study's file")
    environment = environment_name(env_or_study)
    return DEFAULT_STUDY, environment, environment


def open_study(name: str | os.PathLike[str], *, storage: str | None = None) -> Study:
    """Opens a stored study.

    Args:
        name: The study's, or the path of its file.
        storage: As `tune` takes it.

    Raises:
        StorageFailed: where there is no database, or it cannot be read.
        UnknownName: where it holds no such study.
        NothingToShow: the study was made by another program.
        UsageProblem: it was tuned in stages (a study each), or an argument has the wrong type.
    """
    if not isinstance(name, str | os.PathLike):
        raise UsageProblem(f"study {name!r}: must be the name of one, or the path of its file")
    storage = _storage(None, storage)
    return Study(resolve.open_study(os.fspath(name), storage), storage)


def check(
    environment: Environment | None = None, *, episodes: int = EPISODES, html: str | os.PathLike[str] | None = None
) -> CheckReport:
    """Checks an environment before training, with zero, random and expert policies.

    Args:
        environment: An id, a class, or a function that makes one. Default: the reach task's.
        episodes: Episodes per policy.
        html: Path of an HTML page to write. Default: none.

    Returns:
        The report: `verdict` is ok, warning or wrong; `lines` hold findings and suggestions.

    Raises:
        EnvironmentUnusable: it cannot be made.
        EnvironmentFailed: it raises, or breaks Gymnasium's API.
        UsageProblem: invalid argument.
        ExportFailed: the page cannot be written.
    """
    request = checking.CheckRequest(
        environment=None if environment is None else environment_name(environment),
        episodes=whole_number("episodes", episodes, 1, MOST_CHECKED),
        html=None if html is None else file_path("html", html),
    )
    return checking.check(request, default_notifier(None))


def compare(
    env_or_study: EnvOrStudy = DEFAULT_STUDY,
    *,
    algorithms: Sequence[str] | None = None,
    minutes: float = COMPARED_MINUTES,
    seeds: int = 1,
    storage: str | None = None,
    workers: int | None = None,
    engine: str = "processes",
    html: str | os.PathLike[str] | None = None,
    notifier: Notifier | None = None,
) -> Comparison:
    """Compares algorithms given the same minutes of training.

    Args:
        env_or_study: As `tune` takes it.
        algorithms: Any of ppo, a2c, sac, td3 and dqn. Default: all that fit the action space.
        minutes: Training minutes per run, without evaluations.
        seeds: Runs per algorithm.
        storage: URL of a database; the best trials of matching studies provide hyperparameters.
        engine: `processes` or `inline`.
        workers: As `tune` takes it.
        html: As `check` takes it; updated after every run.
        notifier: As `tune` takes it.

    Returns:
        The runs in the order in which they ended, each with its points: step, seconds, success rate and mean return.

    Raises:
        UsageProblem: invalid argument; the message says value, rule and fix.
        EnvironmentUnusable: it cannot be made, or does not fit an algorithm's action spaces.
        EnvironmentFailed: the environment raised.
        KeyboardInterrupt: Ctrl-C; the HTML page holds the results so far.
    """
    found = _of(Sequence, "algorithms", algorithms, "a list of names") or ()  # type: ignore[type-abstract]
    names = [found] if isinstance(found, str) else list(found)
    storage = _storage(env_or_study, storage)
    study, environment, known = _study_and_environment(env_or_study, storage)
    request = comparing.CompareRequest(
        study=study,
        algorithms=comparing.known_algorithms(f"algorithms {names}", names, "seeds"),
        minutes=time_limit("minutes", minutes),
        seeds=whole_number("seeds", seeds, 1, MOST_SEEDS),
        environment=environment,
        engine=engine_options(known, workers, engine),
        html=None if html is None else file_path("html", html),
        storage=storage,
        stored=isinstance(env_or_study, Study),
    )
    result = comparing.compare(request, default_notifier(notifier))
    if result.interrupted or result.comparison is None:
        raise KeyboardInterrupt
    return result.comparison


def _storage(env_or_study: object, storage: str | None) -> str:
    """Absolute URL: of the open study, else the one given, else TUNER_STORAGE, else the default."""
    if storage is None and isinstance(env_or_study, Study):
        return env_or_study.storage
    url = resolve.storage_url(_of(str, "storage", storage, "a database's URL") or os.environ.get("TUNER_STORAGE"))
    return url.render_as_string(hide_password=False)  # absolute, wherever the process goes


def _of(kind: type[Kind], name: str, value: Kind | None, rule: str) -> Kind | None:
    if value is not None and (not isinstance(value, kind) or value == ""):
        raise UsageProblem(f"{name} {value!r}: must be {rule}")
    return value
