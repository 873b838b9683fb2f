"""From what Python code hands over as an environment to a name under which every process finds it."""

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
    """The name of an environment: an id as it is, a class or a function by its module.

    Raises:
        EnvironmentUnusable: where it is none of these, or has no name at the top level of its module.
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
    """Where trials run: those of a notebook's or a script's own environment in this very process.

    Raises:
        EnvironmentUnusable: where such an environment is to have other workers.
        UsageProblem: where there is no such engine, or the number of workers is none.
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
