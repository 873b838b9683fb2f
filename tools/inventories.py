"""Writes the inventories by which the site's pages lead to other projects' documentation; `docs/conf.py` calls it.

A build needs no network: Sphinx's inventories (format 2) are written here, of the objects that are cited, as the
projects' own inventories have them. An object that is cited and not listed here is a warning, which ends the build.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Project:
    """Another project's documentation.

    Attributes:
        url: Where it begins.
        objects: Page and anchor (`$` stands for the object's name) of each object, by `ROLE NAME`. Some stand there a
            second time, by the name that annotations have.
    """

    url: str
    objects: Mapping[str, str]


PROJECTS = {
    "python": Project(
        url="https://docs.python.org/3/",
        objects={
            **dict.fromkeys(("py:class int", "py:class float", "py:class bool"), "library/functions.html#$"),
            **dict.fromkeys(("py:class str", "py:class list", "py:class dict"), "library/stdtypes.html#$"),
            "py:class object": "library/functions.html#$",
            "py:exception Exception": "library/exceptions.html#$",
            "py:exception KeyboardInterrupt": "library/exceptions.html#$",
            **dict.fromkeys(
                (f"py:class collections.abc.{name}" for name in ("Callable", "Iterable", "Mapping", "Sequence")),
                "library/collections.abc.html#$",
            ),
            "py:class os.PathLike": "library/os.html#$",
            "py:class pathlib.Path": "library/pathlib.html#$",
            "py:data typing.Any": "library/typing.html#$",
        },
    ),
    "gymnasium": Project(
        url="https://gymnasium.farama.org/",
        objects={
            "py:class gymnasium.Env": "api/env/#$",
            "py:class gymnasium.core.Env": "api/env/#gymnasium.Env",
            "py:class gymnasium.Wrapper": "api/wrappers/#$",
        },
    ),
    "optuna": Project(
        url="https://optuna.readthedocs.io/en/stable/",
        objects={
            "py:class optuna.study.Study": "reference/generated/$.html#$",
            "py:class optuna.pruners.MedianPruner": "reference/generated/$.html#$",
            "py:class optuna.samplers.TPESampler": "reference/samplers/generated/$.html#$",
        },
    ),
    "pandas": Project(
        url="https://pandas.pydata.org/docs/",
        objects={
            "py:class pandas.DataFrame": "reference/api/$.html#$",
            "py:class pd.DataFrame": "reference/api/pandas.DataFrame.html#pandas.DataFrame",
        },
    ),
    "stable-baselines3": Project(
        url="https://stable-baselines3.readthedocs.io/en/master/",
        objects={
            "py:class stable_baselines3.common.base_class.BaseAlgorithm": "modules/base.html#$",
            "py:class BaseAlgorithm": "modules/base.html#stable_baselines3.common.base_class.BaseAlgorithm",
            "py:class stable_baselines3.common.vec_env.VecEnv": "guide/vec_envs.html#$",
            "py:class VecEnv": "guide/vec_envs.html#stable_baselines3.common.vec_env.VecEnv",
            "py:class stable_baselines3.common.vec_env.VecNormalize": "guide/vec_envs.html#$",
            "py:class stable_baselines3.ppo.PPO": "modules/ppo.html#$",
        },
    ),
}


def inventory(name: str) -> bytes:
    """One project's inventory as Sphinx reads it."""
    head = f"# Sphinx inventory version 2\n# Project: {name}\n# Version: \n# The remainder is compressed using zlib.\n"
    lines = []
    for key, place in PROJECTS[name].objects.items():
        role, object_name = key.split()
        lines.append(f"{object_name} {role} 1 {place.replace('$', object_name)} -\n")
    return head.encode() + zlib.compress("".join(lines).encode())


def write_inventories(folder: Path) -> dict[str, tuple[str, str]]:
    """Writes all of them into a folder; returns them as `intersphinx_mapping` takes them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in PROJECTS:
        (folder / f"{name}.inv").write_bytes(inventory(name))
    return {name: (project.url, str(folder / f"{name}.inv")) for name, project in PROJECTS.items()}
