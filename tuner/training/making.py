"""Finds environments by name and makes single ones; reports exceptions as theirs. Imports no learning library."""

import contextlib
import inspect
import logging
import re
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, TypeVar

import gymnasium as gym
from gymnasium.envs.registration import load_env_creator

from tuner.config.algorithms import unfit
from tuner.config.environment_ids import file_path, is_file, one_path, split
from tuner.errors import EnvironmentFailed, EnvironmentUnusable, TunerError, did_you_mean
from tuner.records import EnvironmentRef
from tuner.training.constructors import constructor_fault
from tuner.training.importing import home_of, import_file, import_module
from tuner.training.placed import Folder, Placed
from tuner.training.wrapping import raised_in_wrapper, wrapped

logger = logging.getLogger(__name__)

Made = TypeVar("Made")

GROUP = "tuner.environments"  # entry points to a mapping or list of the ids that a package registers


class Named(NamedTuple):
    """An environment that was found."""

    spelling: str  # the normal form of the name, which a study stores
    id: str  # the id in Gymnasium's registry of this process


_found: dict[str, Named] = {}  # environments found before, by name


def offered() -> dict[str, str]:
    """Bare environment ids that installed packages offer, each with the package that registers it."""
    found: dict[str, str] = {}
    for entry in entry_points(group=GROUP):
        try:
            found |= dict.fromkeys(entry.load(), entry.name)
        except Exception:
            logger.warning("the environments of package %r cannot be listed", entry.name, exc_info=True)
    return found


def full_id(name: str, folder: str | None = None) -> str:
    """The normal form of an environment's name; a bare id gets the package that registers it as a prefix.

    `folder` is looked in where the current one does not have its module or file.

    Raises:
        EnvironmentUnusable: as `find_environment`.
    """
    return find_environment(name, folder).spelling


def home(spelling: str) -> str | None:
    """The current folder if an environment that was found has its module or file there, else None."""
    front, _ = split(spelling)
    if is_file(front):
        return str(Path.cwd()) if not Path(front).is_absolute() and Path(front).is_file() else None
    return home_of(sys.modules[front]) if front in sys.modules else None


def find_environment(name: str, folder: str | None = None) -> Named:
    """Finds `module:Id`, `module:Class`, `path/to/file.py:Class` or a bare id, and registers a class with Gymnasium.

    A function that returns an environment may be given instead of the class. Modules and files are looked for in the
    current folder, then in `folder`.

    Raises:
        EnvironmentUnusable: if the name is unknown, is not that of an environment, or if the part before the colon
            cannot be imported.
    """
    if name in _found and _found[name].id in gym.registry:
        return _found[name]
    front, last = split(name)
    if is_file(last):
        raise EnvironmentUnusable(f"environment {name!r}: name the class as well, {name}:Class")
    if is_file(front):
        path = file_path(front, folder)
        found = _in_file(name, path, last)
        return found if path == one_path(front) else _found.setdefault(name, Named(name, found.id))
    module = front or offered().get(last, "")  # also if it is imported already, for one normal form
    imported = _imported(name, module, lambda: import_module(module, folder)) if module else None
    try:
        gym.spec(last)
    except gym.error.Error:
        if imported is None or not hasattr(imported, last):
            known = [*offered(), *(key for key in gym.registry if "/" not in key), *_classes(imported)]
            raise EnvironmentUnusable(
                f"no environment called {name!r}{did_you_mean(last, known)} "
                "(see `tuner list envs`, or give module:Id, module:Class or path/to/file.py:Class)"
            ) from None
        return _registered(name, module, last, imported)
    return _found.setdefault(name, Named(f"{module}:{last}" if module else last, last))


def _in_file(name: str, path: str, last: str) -> Named:
    if not Path(path).is_file():
        raise EnvironmentUnusable(f"environment {name!r}: no such file, {path}")
    module = _imported(name, path, lambda: import_file(Path(path)))
    if not hasattr(module, last):
        classes = _classes(module)
        there = f"; there is: {', '.join(classes)}" if classes else " and no environment at all"
        raise EnvironmentUnusable(f"environment {name!r}: no {last!r} in {path}{there}")
    return _registered(name, path, last, module)


def _imported(name: str, what: str, act: Callable[[], ModuleType]) -> ModuleType:
    try:
        with Folder().inside():
            return act()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - what is being imported may raise anything
        if _explains_itself(error):
            raise EnvironmentUnusable(f"environment {name!r}: {error}") from None
        way_out = "fix it" if is_file(what) else "install its package, or see `tuner list envs`"
        why = " ".join(f"{type(error).__name__}: {error}".split())
        raise EnvironmentUnusable(f"environment {name!r}: cannot import {what!r} ({why}); {way_out}") from None


def _explains_itself(error: Exception | SystemExit) -> bool:
    """Whether it is a package's own class of missing modules, whose message says what to install."""
    return isinstance(error, ModuleNotFoundError) and type(error) is not ModuleNotFoundError


def _registered(name: str, front: str, last: str, module: ModuleType) -> Named:
    """Registers a class or a function under an id derived from its name, so that every process has the same id."""
    kind = getattr(module, last)
    if not _is_environment(kind) and not inspect.isfunction(kind):
        what = "a class" if isinstance(kind, type) else f"of type {type(kind).__name__}"
        raise EnvironmentUnusable(
            f"environment {name!r}: {last!r} is not an environment but {what}; it must be a class derived from "
            "gymnasium.Env, and no wrapper, or a function that makes one"
        )
    if (known := _registration(kind, front, last)) is not None:
        return Named(f"{front}:{last}", known)
    plain = re.sub(r"[^\w.]+", "-", front.removesuffix(".py")).strip("-.")
    bare = f"{plain}.{last}-v0"
    if bare not in gym.registry or gym.registry[bare].entry_point is not kind:
        gym.registry.pop(bare, None)
        gym.register(bare, entry_point=kind)
    return Named(f"{front}:{last}", bare)


def _registration(kind: Any, front: str, last: str) -> str | None:
    """The id under which a class is registered already, the latest version: with its time limit and its wrappers.

    None where it is registered under several names, which stand for different tasks.
    """
    paths = (f"{front}:{last}", f"{getattr(kind, '__module__', '')}:{last}")
    found = [spec for spec in gym.registry.values() if spec.entry_point is kind or spec.entry_point in paths]
    one_name = len({(spec.namespace, spec.name) for spec in found}) == 1
    return max(found, key=lambda spec: spec.version or 0).id if one_name else None


def _is_environment(kind: Any) -> bool:
    """Whether an object is an environment class; a wrapper class is not."""
    return isinstance(kind, type) and issubclass(kind, gym.Env) and not issubclass(kind, gym.Wrapper)


def _classes(module: ModuleType | None) -> list[str]:
    """The environment classes that a module defines, else those that it imports."""
    found = [name for name, kind in vars(module).items() if _is_environment(kind)] if module is not None else []
    own = [name for name in found if module is not None and getattr(module, name).__module__ == module.__name__]
    return sorted(own or [name for name in found if getattr(module, name) is not gym.Env])


def make_bare(ref: EnvironmentRef) -> gym.Env[Any, Any]:
    """One environment from `gym.make` with its wrappers, and without `Guard`.

    What it returns is looked at by `Placed`, not by Gymnasium.

    Raises:
        EnvironmentUnusable: where it cannot be made.
    """
    name = find_environment(ref.id, ref.folder).id
    folder = Folder()
    env = made(ref, lambda: gym.make(name, **{"disable_env_checker": True, **ref.kwargs}), folder)
    with folder.inside():
        env = wrapped(env, ref.wrappers, ref.folder, more=bool(ref.vec_wrappers))
        if ref.vec_wrappers:
            from tuner.training.vec_wrapping import ThroughVecEnv  # imports torch

            env = ThroughVecEnv(env, ref.vec_wrappers, ref.folder)
    return Placed(env, folder, ends_episode=ref.on_error == "end_episode")


def made(ref: EnvironmentRef, make: Callable[[], Made], folder: Folder | None = None) -> Made:
    """What `make` makes; what it raises is said with the environment's name and options.

    The process stays in its folder; the one that the environment's code went to is kept in `folder`.

    Raises:
        EnvironmentUnusable: where it cannot be made.
    """
    try:
        with (folder or Folder()).inside():
            return make()
    except TunerError:
        raise
    except Exception as error:
        if _explains_itself(error):
            raise EnvironmentUnusable(f"environment {ref.id!r}: {error}") from error
        if isinstance(error, TypeError) and (fault := constructor_fault(ref, str(error), _kind(ref))) is not None:
            raise EnvironmentUnusable(fault) from error
        options = f" with {ref.kwargs}" if ref.kwargs else ""
        raise EnvironmentUnusable(f"environment {ref.id!r} cannot be made{options}: {error}") from error


def _kind(ref: EnvironmentRef) -> Any:
    """The class or function that makes an environment."""
    entry = gym.spec(find_environment(ref.id, ref.folder).id).entry_point
    return load_env_creator(entry) if isinstance(entry, str) else entry


def action_space(ref: EnvironmentRef) -> str:
    """The name of the class of an environment's action space, such as `Box`.

    Raises:
        EnvironmentUnusable: if the environment cannot be made.
        EnvironmentFailed: if it raises when it is closed.
    """
    env = make_bare(ref)
    close(env)
    return type(env.action_space).__name__


def refuse_unfit(algorithm: str, action_space: gym.Space[Any], ref: EnvironmentRef) -> None:
    """Checks that an algorithm supports an action space.

    Raises:
        EnvironmentUnusable: if it does not, naming the algorithms that do.
    """
    if (reason := unfit(algorithm, type(action_space).__name__, ref.id)) is not None:
        raise EnvironmentUnusable(reason)


RAISED = (Exception, SystemExit)  # what an environment's code may raise; SystemExit where it calls `sys.exit`
RAISED_IN = "the environment raised in"


def blamed(where: str, error: BaseException) -> EnvironmentFailed:
    """The exception of an environment as an EnvironmentFailed."""
    return EnvironmentFailed(f"{RAISED_IN} {where}: {type(error).__name__}: {error}{raised_in_wrapper(error)}")


def raised_in_a_step(error: EnvironmentFailed) -> bool:
    """Whether it is an exception of a step, which may come once in a while, and no break of Gymnasium's API."""
    return str(error).startswith(f"{RAISED_IN} step")


@contextlib.contextmanager
def blaming(where: str) -> Iterator[None]:
    """Turns exceptions raised inside into EnvironmentFailed."""
    try:
        with Folder().inside():
            yield
    except EnvironmentFailed:
        raise
    except RAISED as error:
        raise blamed(where, error) from error


def close(env: gym.Env[Any, Any]) -> None:
    """Closes an environment.

    Raises:
        EnvironmentFailed: if it raises.
    """
    with blaming("close"):
        env.close()
