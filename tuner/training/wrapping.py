"""Applies wrappers to single environments: a study's own by their import paths, and those that count from 0."""

import contextlib
import copy
import inspect
import traceback
from collections.abc import Callable, Sequence
from typing import Any

import gymnasium as gym

from tuner.config.wrapper_notation import path_and_arguments
from tuner.errors import EnvironmentUnusable, did_you_mean
from tuner.training.importing import home_of, import_module
from tuner.training.placed import Folder
from tuner.wrappers import count_from_zero, zero_based

Wrap = Callable[..., Any]


class BehindWrappers(gym.Wrapper[Any, Any, Any, Any]):
    """The environment behind its wrappers, at which an expert looks and acts past them."""

    def __init__(self, env: gym.Env[Any, Any]) -> None:
        super().__init__(env)
        self.seen: Any = None  # the last observation
        self._action: Any = None  # of the expert

    def reset(self, **options: Any) -> tuple[Any, dict[str, Any]]:
        """Begins an episode, of the wrappers' actions until the expert acts."""
        self._action = None
        self.seen, info = self.env.reset(**options)
        return self.seen, info

    def act_past_wrappers(self, action: Any, outside: gym.Space[Any]) -> Any:
        """Takes the expert's action for the next step; returns one of the wrapped space, which has no effect."""
        self._action = action
        return copy.deepcopy(outside).sample()

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Steps by the expert's action if there is one, else by the wrappers'."""
        found = self.env.step(action if self._action is None else self._action)
        self.seen = found[0]
        return found


def wrapped(
    env: gym.Env[Any, Any], wrappers: Sequence[Any], folder: str | None = None, *, more: bool = False
) -> gym.Env[Any, Any]:
    """An environment with its wrappers, in their order, and with discrete spaces that begin at 0.

    Args:
        env: What `gym.make` made; it is closed if a wrapper cannot be applied.
        wrappers: Entries in rl_zoo3's notation.
        folder: Where their modules are looked for besides the current folder.
        more: Whether others follow, which an expert acts past as well.

    Raises:
        EnvironmentUnusable: naming the wrapper that cannot be applied.
    """
    spaces = [getattr(env, name, None) for name in ("action_space", "observation_space")]
    if not wrappers and not more and all(zero_based(space) is space for space in spaces if space is not None):
        return env
    found: gym.Env[Any, Any] = BehindWrappers(env)
    try:
        for path, arguments in map(path_and_arguments, wrappers):
            found = applied(import_wrapper(path, folder), path, found, arguments)
    except EnvironmentUnusable:
        with contextlib.suppress(Exception):
            env.close()
        raise
    return count_from_zero(found)


def shifted_spaces(env: gym.Env[Any, Any]) -> list[str]:
    """The action and observation spaces of an environment that were shifted to begin at 0, as text."""
    found = []
    while isinstance(env, gym.Wrapper):
        if getattr(getattr(env, "func", None), "__module__", "") == count_from_zero.__module__:
            actions = isinstance(env, gym.wrappers.TransformAction)
            found.append(str(env.env.action_space if actions else env.env.observation_space))
        env = env.env
    return found


def wrappers_home(wrappers: Sequence[Any], folder: str | None, base: type = gym.Wrapper) -> str | None:
    """The current folder if the module of a wrapper, derived from `base`, is in it, else None.

    Raises:
        EnvironmentUnusable: if one cannot be imported, or is none.
    """
    found = [import_wrapper(path_and_arguments(entry)[0], folder, base) for entry in wrappers]
    homes = [home_of(module) for one in found if (module := inspect.getmodule(one)) is not None]
    return next((home for home in homes if home is not None), None)


def import_wrapper(path: str, folder: str | None, base: type = gym.Wrapper) -> Wrap:
    """The class derived from `base`, or the function, that a path names.

    Raises:
        EnvironmentUnusable: if it cannot be imported, or is no wrapper.
    """
    front, _, last = path.rpartition(".")
    try:
        with Folder().inside():
            module = import_module(front, folder)
        found = getattr(module, last, None)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - what is being imported may raise anything
        why = " ".join(f"{type(error).__name__}: {error}".split())
        raise EnvironmentUnusable(f"wrapper {path!r}: cannot import {front!r} ({why}); install or fix it") from None
    if found is None:
        names = [name for name in {*vars(module), *getattr(module, "__all__", ())} if not name.startswith("_")]
        raise EnvironmentUnusable(f"wrapper {path!r}: {front} has no {last!r}{did_you_mean(last, names)}")
    if not callable(found) or (isinstance(found, type) and not issubclass(found, base)):
        what = "another class" if isinstance(found, type) else f"of type {type(found).__name__}"
        origin = base.__module__.partition(".")[0]
        rule = f"must be a class derived from {origin}'s {base.__name__}, or a function that wraps an environment"
        raise EnvironmentUnusable(f"wrapper {path!r}: is {what}; it {rule}")
    wrap: Wrap = found
    return wrap


def applied(wrap: Wrap, path: str, env: Any, arguments: dict[str, Any], kind: type = gym.Env) -> Any:
    """What a wrapper makes of an environment, of the same kind.

    Raises:
        EnvironmentUnusable: naming the wrapper, if it cannot be applied.
    """
    try:
        found = wrap(env, **arguments)
    except (Exception, SystemExit) as error:
        given = f" with {arguments}" if arguments else ""
        why = " ".join(f"{type(error).__name__}: {error}".split())
        takes = f"; it takes {_parameters(wrap)}" if isinstance(error, TypeError) else ""
        raise EnvironmentUnusable(f"wrapper {path!r} cannot be applied{given}: {why}{takes}") from error
    if not isinstance(found, kind):
        raise EnvironmentUnusable(f"wrapper {path!r}: returned {type(found).__name__}, no environment")
    return found


def _parameters(wrap: Wrap) -> str:
    """The names of its parameters besides the environment."""
    names = [str(one).partition(":")[0].partition("=")[0] for one in inspect.signature(wrap).parameters.values()]
    return ", ".join(names[1:]) or "no arguments"


def raised_in_wrapper(error: BaseException) -> str:
    """Where an exception of an environment's code comes from a wrapper: which, as an addition to a sentence."""
    owners = [frame.f_locals.get("self") for frame, _ in traceback.walk_tb(error.__traceback__)]
    inner = next((one for one in reversed(owners) if isinstance(one, gym.Env)), None)
    named = isinstance(inner, gym.Wrapper) and not type(inner).__module__.startswith("tuner.")
    return f" (in the wrapper {type(inner).__name__})" if named else ""
