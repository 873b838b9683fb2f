"""Says in the user's words what is wrong with the arguments of an environment's constructor."""

import inspect
import re
from collections.abc import Iterator
from typing import Any

from tuner.errors import did_you_mean
from tuner.records import EnvironmentRef

NAMED = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def constructor_fault(ref: EnvironmentRef, error: str, kind: Any) -> str | None:
    """What to say where a class or function does not take an argument, or needs one that was not given.

    Args:
        ref: The environment.
        error: The message of Python's TypeError.
        kind: What makes the environment.

    Returns:
        None where the error comes from something that the constructor calls.
    """
    if (unknown := re.search(r"unexpected keyword argument '(\w+)'", error)) is not None and unknown[1] in ref.kwargs:
        valid = sorted(one.name for one, base in _parameters(kind) if not base or one.default is not one.empty)
        there = f"; valid: {', '.join(valid)}" if valid else ""
        return f"environment {ref.id!r} has no option {unknown[1]!r}{did_you_mean(unknown[1], valid)}{there}"
    needed = re.search(r"missing \d+ required (?:positional|keyword-only) arguments?: ((?:'\w+'[, and]*)+)", error)
    named = re.findall(r"'(\w+)'", needed[1]) if needed is not None else []
    known = {one.name: one for one, _ in _parameters(kind)}
    if not named or not {*named} <= known.keys():
        return None
    own = [one.name for one, base in _parameters(kind) if not base and one.default is one.empty]
    names = [name for name in known if name in named or (name in own and name not in ref.kwargs)]
    what, given = "argument" + "s" * (len(names) > 1), " ".join(f"--env-kwargs {name}=…" for name in names)
    return (
        f"environment {ref.id!r} needs the {what} {', '.join(names)} of its constructor: give {given}, or `kwargs:` "
        "under `environment:` in a study file"
    )


def _parameters(kind: Any) -> Iterator[tuple[inspect.Parameter, bool]]:
    """The parameters that can be given by name, and whether they are a base's, as far as `**kwargs` reach it."""
    kinds = kind.__mro__ if isinstance(kind, type) else [kind]
    makers = [vars(one).get("__init__") if isinstance(one, type) else one for one in kinds]
    for place, maker in enumerate(maker for maker in makers if inspect.isfunction(maker)):
        parameters = [*inspect.signature(maker).parameters.values()]
        yield from ((one, place > 0) for one in parameters if one.kind in NAMED and one.name != "self")
        if not any(one.kind == inspect.Parameter.VAR_KEYWORD for one in parameters):
            return
