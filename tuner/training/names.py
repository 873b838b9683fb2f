"""What environments are called, and which package brings them. Light: loads Gymnasium, no learning library."""

import importlib
import logging
from importlib.metadata import entry_points

import gymnasium as gym

from tuner.errors import EnvironmentUnusable, did_you_mean

logger = logging.getLogger(__name__)

GROUP = "tuner.environments"  # entry points that lead to a mapping or list of the ids that a package registers


def offered() -> dict[str, str]:
    """Bare environment ids that installed packages offer, each with the package that registers it."""
    found: dict[str, str] = {}
    for entry in entry_points(group=GROUP):
        try:
            found |= dict.fromkeys(entry.load(), entry.name)
        except Exception:
            logger.warning("the environments of package %r cannot be listed", entry.name, exc_info=True)
    return found


def full_id(name: str) -> str:
    """An id as Gymnasium's `make` takes it; a bare id gets the package that offers it put in front.

    Raises:
        EnvironmentUnusable: where nobody knows the id, or the module in front of the colon cannot be imported.
    """
    module, _, bare = name.rpartition(":")
    module = module or offered().get(bare, "")  # whether it is imported already or not: one spelling for the study
    try:
        if module:
            importlib.import_module(module)
        gym.spec(bare)
    except gym.error.Error:
        known = [*offered(), *(key for key in gym.registry if "/" not in key)]
        raise EnvironmentUnusable(
            f"no environment called {name!r}{did_you_mean(bare, known)} (see `tuner list envs`, or give module:Id)"
        ) from None
    except Exception as error:  # noqa: BLE001 - a module that is being imported may raise anything
        raise EnvironmentUnusable(
            f"environment {name!r}: cannot import {module!r} ({type(error).__name__}: {error}); "
            "install its package, or see `tuner list envs`"
        ) from None
    return f"{module}:{bare}" if module else bare
