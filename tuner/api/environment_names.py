"""Environments given in Python (id, class or function) as names that every process can import."""

import inspect
import sys
from collections.abc import Callable
from typing import Any

import gymnasium as gym

from tuner.app.engine_options import EngineOptions
from tuner.app.limits import whole_number
from tuner.config.environment_ids import split
from tuner.errors import EnvironmentUnusable, UsageProblem

Environment = str | type[gym.Env[Any, Any]] | Callable[..., gym.Env[Any, Any]]


def environment_name(environment: Environment) -> str:
    """Returns the importable name of an environment: an id as it is, a class or function as `module:Name`.

    Raises:
        EnvironmentUnusable: it is none of these, or not at the top level of its module.
    """
    if isinstance(environment, str):
        return environment
    if not inspect.isclass(environment) and not inspect.isfunction(environment):
        raise EnvironmentUnusable(
            f"environment of type {type(environment).__name__}: must be an id, a class or a function of a module, "
            "since every worker makes its own"
        )
    module, name = environment.__module__, environment.__qualname__
    if getattr(sys.modules.get(module), name, None) is not environment:
        raise EnvironmentUnusable(f"environment {name}: is not at the top level of {module}, where workers look for it")
    return f"{module}:{name}"


def engine_options(environment: str, workers: int | None, engine: str = "processes") -> EngineOptions:
    """Engine options; an environment of `__main__` runs inline, in this process.

    Raises:
        EnvironmentUnusable: several workers for an environment of `__main__`.
        UsageProblem: unknown engine or invalid number of workers.
    """
    if workers is not None:
        workers = whole_number("workers", workers, 1)
    asked = EngineOptions(engine=engine, workers=workers)
    if asked.inline and (workers or 1) > 1:
        raise UsageProblem(f"workers {workers}: engine='inline' runs in this very process, one at a time")
    module, name = split(environment)
    if module != "__main__":
        return asked
    if not asked.inline and (workers != 1 or engine == "ray"):
        raise EnvironmentUnusable(
            f"environment {name}: is defined in a notebook's cell or the script that runs, which no worker can import; "
            "move it to a module of its own, my_env.py, and import it from there, or give workers=1"
        )
    return EngineOptions(engine="inline")
