"""Who takes part in a comparison, and with which arguments."""

from optuna.storages import BaseStorage
from sqlalchemy.engine import URL

from tuner.cli.resolve import resolve
from tuner.comparison.records import Arm
from tuner.config.algorithms import ACTIONS, ALGORITHMS, STARTING, unfit
from tuner.config.model import StudySpec
from tuner.config.space import job_arguments
from tuner.engines.once import run_once
from tuner.errors import EnvironmentUnusable
from tuner.reporting.rows import Row, best, make_rows
from tuner.study.storage import is_there, open_to_read, storage_errors
from tuner.study.stored import load_stored, read_history, stored_names
from tuner.training.making import action_space


def chosen(study: str, url: URL, env: str | None, wanted: tuple[str, ...], *, inline: bool) -> tuple[str, ...]:
    """The algorithms that take part: those wanted, or all that can act in the environment.

    Raises:
        EnvironmentUnusable: where one that is wanted cannot, or the environment cannot be made.
    """
    spec = resolve(study, url, name=None, changes={}, env=env).spec
    ref = spec.environment.ref()
    kind = action_space(ref) if inline else run_once(action_space, ref)
    for algorithm in wanted:
        if (reason := unfit(algorithm, kind, ref.id)) is not None:
            raise EnvironmentUnusable(reason.replace("(--algorithm)", "(--algorithms)"))
    fitting = tuple(algorithm for algorithm in ALGORITHMS if kind in ACTIONS[algorithm])
    if not fitting:
        raise EnvironmentUnusable(f"no algorithm can act in the {kind} space of {ref.id!r}")
    return wanted or fitting


def make_arm(study: str, url: URL, algorithm: str, env: str | None) -> tuple[Arm, StudySpec]:
    """An algorithm with its arguments, and its study.

    They are those of the best trial where the database has the algorithm's study of this environment, else those of
    the study's first baseline, else SB3's own with what the algorithm's default space fixes.

    Raises:
        TunerError: where the study breaks the rules.
    """
    spec = resolve(study, url, name=None, changes={"algorithm": algorithm}, env=env).spec
    winner = _best(spec, url)
    if winner is not None:
        source, params = f"the best of study {spec.name!r}, {winner.label}", winner.arguments
    elif spec.baselines:
        role, values = next(iter(spec.baselines.items()))
        source, params = f"baseline {role} of study {spec.name!r}", job_arguments(spec.space, {}, values)
    else:
        params = job_arguments(spec.space, {}, STARTING.get(algorithm, {}))
        listed = ", ".join(f"{name} {value}" for name, value in params.items())
        source = "Stable-Baselines3's defaults" + (f" with {listed}" if listed else "")
    return Arm(algorithm=algorithm, source=source, params=params), spec


def _best(spec: StudySpec, url: URL) -> Row | None:
    """The best trial of the stored study of that name, where it is of the same algorithm and environment."""
    if not is_there(url):
        return None
    with storage_errors(url):
        storage: BaseStorage = open_to_read(url)
        if spec.name not in stored_names(storage):
            return None
        study, stored = load_stored(storage, spec.name)
        if (stored.algorithm, stored.environment) != (spec.algorithm, spec.environment):
            return None
        read_history(study)
        return best(make_rows(study.get_trials(deepcopy=False), stored))
