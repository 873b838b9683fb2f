"""A trial's configuration: the algorithm's arguments, and those of the environment's constructor that are searched.

No name is both, so the algorithm's table tells one from the other.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from tuner.config import schedules
from tuner.config.algorithms import ALGORITHMS, title
from tuner.records import EnvironmentRef

RESERVED = ("device", "id", "n_envs", "render_mode")  # keys of baselines and studies, and what is set to make pictures


def of_algorithm(configuration: Mapping[str, Any], algorithm: str) -> dict[str, Any]:
    """The arguments of the algorithm."""
    return {name: value for name, value in configuration.items() if name in ALGORITHMS[algorithm].names}


def of_environment(configuration: Mapping[str, Any], algorithm: str) -> dict[str, Any]:
    """The arguments of the environment's constructor."""
    return {name: value for name, value in configuration.items() if name not in ALGORITHMS[algorithm].names}


def environment_of(ref: EnvironmentRef, configuration: Mapping[str, Any], algorithm: str) -> EnvironmentRef:
    """The environment that a configuration trains and is evaluated in; its values take precedence over `ref`'s."""
    return replace(ref, kwargs={**ref.kwargs, **of_environment(configuration, algorithm)})


def name_faults(name: str, algorithm: str) -> Iterator[str]:
    """A line if an argument of the environment cannot be searched, since its name means something else."""
    if name in ALGORITHMS[algorithm].names or name in schedules.PARTS:
        yield (
            f"parameters.{name}: is an argument of {title(algorithm)} too; leave out `target: environment`, or rename "
            "the argument of the environment's constructor"
        )
    elif name in RESERVED:
        yield f"parameters.{name}: cannot be searched; rename the argument of the environment's constructor"
