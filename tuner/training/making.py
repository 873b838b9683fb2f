"""Makes single environments, and tells their failures apart from ours. Loads no learning library."""

import inspect
import re
from collections.abc import Callable
from typing import Any, TypeVar

import gymnasium as gym
from gymnasium.envs.registration import load_env_creator

from tuner.config.algorithms import unfit
from tuner.errors import EnvironmentFailed, EnvironmentUnusable, TunerError, did_you_mean
from tuner.records import EnvironmentRef
from tuner.training.names import find_environment

Made = TypeVar("Made")


def make_bare(ref: EnvironmentRef, *, looked_at: bool = True) -> gym.Env[Any, Any]:
    """One environment as Gymnasium makes it, unguarded.

    Args:
        ref: Which one.
        looked_at: Whether Gymnasium's own checker warns at its first steps.

    Raises:
        EnvironmentUnusable: where it cannot be made.
    """
    name = find_environment(ref.id).id
    checker = {} if looked_at else {"disable_env_checker": True}
    return made(ref, lambda: gym.make(name, **checker, **ref.kwargs))


def made(ref: EnvironmentRef, make: Callable[[], Made]) -> Made:
    """What `make` makes; what it raises is said with the environment's name and options.

    Raises:
        EnvironmentUnusable: where it cannot be made.
    """
    try:
        return make()
    except TunerError:
        raise
    except Exception as error:
        if (foreign := _foreign_option(ref, error)) is not None:
            raise EnvironmentUnusable(foreign) from error
        options = f" with {ref.kwargs}" if ref.kwargs else ""
        raise EnvironmentUnusable(f"environment {ref.id!r} cannot be made{options}: {error}") from error


def _foreign_option(ref: EnvironmentRef, error: Exception) -> str | None:
    """What to say where a class does not take one of the options, None where it is something else."""
    found = re.search(r"unexpected keyword argument '(\w+)'", str(error)) if isinstance(error, TypeError) else None
    if found is None or found[1] not in ref.kwargs:
        return None
    entry = gym.spec(find_environment(ref.id).id).entry_point
    kind = load_env_creator(entry) if isinstance(entry, str) else entry
    valid = _options(kind)
    there = f"; valid: {', '.join(valid)}" if valid else ""
    return f"environment {ref.id!r} has no option {found[1]!r}{did_you_mean(found[1], valid)}{there}"


def _options(kind: Any) -> list[str]:
    """The keyword arguments of a class, those that it passes on to its bases included."""
    kinds = kind.__mro__ if isinstance(kind, type) else [kind]
    makers = [vars(one).get("__init__") if isinstance(one, type) else one for one in kinds]
    found = [inspect.signature(maker).parameters.values() for maker in makers if inspect.isfunction(maker)]
    named = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    given = {parameter.name for parameters in found for parameter in parameters if parameter.kind in named}
    return sorted(given - {"self", "task"})


def action_space(ref: EnvironmentRef) -> str:
    """The name of the class of an environment's action space, such as `Box`.

    Raises:
        EnvironmentUnusable: where the environment cannot be made.
        EnvironmentFailed: where it raises when it is closed.
    """
    env = make_bare(ref, looked_at=False)
    kind = type(env.action_space).__name__
    try:
        env.close()
    except Exception as error:
        raise blamed("close", error) from error
    return kind


def refuse_unfit(algorithm: str, action_space: gym.Space[Any], ref: EnvironmentRef) -> None:
    """Refuses an algorithm that cannot act in such a space.

    Raises:
        EnvironmentUnusable: with the algorithms that can.
    """
    if (reason := unfit(algorithm, type(action_space).__name__, ref.id)) is not None:
        raise EnvironmentUnusable(reason)


def blamed(where: str, error: Exception) -> EnvironmentFailed:
    """What an environment raised, with its name on it."""
    return EnvironmentFailed(f"the environment raised in {where}: {type(error).__name__}: {error}")
