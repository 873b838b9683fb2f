"""Who is told of a trial's end, made in a process of its own: trackers, a command, listeners of other packages."""

import json
import os
import subprocess
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Protocol

from tuner.config.tracking_keys import command_words

GROUP = "tuner.listeners"  # entry points to functions of a trial's document, or classes with `on_trial_end`
LONGEST_ERROR = 90  # characters of what a command writes to standard error


class TrialListener(Protocol):
    """Is told of every trial that ends."""

    def on_trial_end(self, trial: dict[str, Any]) -> None:
        """A trial ended: completed, pruned, failed or interrupted. What is raised is counted, and ends nothing."""


class CatchingUp(TrialListener, Protocol):
    """A listener that knows which trials it was told of, so that it can be told of the others."""

    def known(self) -> set[str]:
        """Their ids."""


class CommandFailed(Exception):
    """A command ended with another exit code than 0."""


TOLD = {"TUNER_STUDY": "study", "TUNER_TRIAL": "number", "TUNER_STATE": "state"}  # variables, and keys of the document


class CommandHook:
    """Runs a command for every trial, with the trial's JSON document on its standard input."""

    def __init__(self, command: str) -> None:
        self._words = command_words(command)

    def on_trial_end(self, trial: dict[str, Any]) -> None:
        """Runs it to its end.

        Raises:
            CommandFailed: with its exit code and the end of what it wrote to standard error.
            OSError: if it cannot be started.
        """
        about = {name: str(trial[key]) for name, key in TOLD.items()}
        done = subprocess.run(  # noqa: S603 - the user's own command, and no shell
            self._words,
            input=json.dumps(trial, default=str),
            text=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**os.environ, **about},
            check=False,
        )
        if done.returncode:
            said = " ".join(done.stderr.split())[-LONGEST_ERROR:]
            raise CommandFailed(f"exit code {done.returncode}" + (f": {said}" if said else ""))


def installed_listeners() -> dict[str, str]:
    """The listeners that installed packages offer: names, and where they are."""
    return {entry.name: entry.value for entry in entry_points(group=GROUP)}


class InstalledListener:
    """A listener of another package: a class with `on_trial_end`, of which one object is made, or a function."""

    def __init__(self, place: str) -> None:
        found = EntryPoint(name="", value=place, group=GROUP).load()
        made = found() if isinstance(found, type) else found
        self._tell: Callable[[dict[str, Any]], object] = getattr(made, "on_trial_end", made)

    def on_trial_end(self, trial: dict[str, Any]) -> None:
        """Passes it on."""
        self._tell(trial)


def mlflow(study: str, folder: Path) -> CatchingUp:
    """MLflow."""
    from tuner.tracking.mlflow_tracker import MlflowTracker

    return MlflowTracker(study, folder)


def wandb(study: str, folder: Path) -> CatchingUp:
    """Weights & Biases."""
    from tuner.tracking.wandb_tracker import WandbTracker

    return WandbTracker(study, folder)
