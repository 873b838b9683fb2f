"""Runs in Weights & Biases: a group for every study, a run for every trial."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import wandb

from tuner.tracking.tracked_run import TrackedRun, tracked_run
from tuner.tracking.tracker_places import wandb_folder, wandb_mode

PROJECT = "tuner"
LONGEST_TAG = 64
QUIET: dict[str, Any] = {  # nothing printed; nothing told of the machine, its code and command lines
    "console": "off",
    **dict.fromkeys(("silent", "disable_git", "disable_code", "x_disable_stats", "x_disable_meta"), True),
}
LEDGER = "tracked.txt"  # the ids of the trials whose runs are whole, a line each


class WandbTracker:
    """Writes to the project WANDB_PROJECT, else `tuner`; offline into the folder without a key."""

    def __init__(self, study: str, folder: Path) -> None:  # noqa: ARG002 - each trial says its study
        self._folder = wandb_folder(folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._ledger = self._folder / LEDGER

    def known(self) -> set[str]:
        """The ids of the trials whose runs are whole."""
        return set(self._ledger.read_text().split()) if self._ledger.exists() else set()

    def on_trial_end(self, trial: dict[str, Any]) -> None:
        """Writes a run; what was left of one that was begun and not ended is replaced."""
        told = tracked_run(trial)
        for left in self._folder.glob(f"wandb/offline-run-*-{told.id}"):
            shutil.rmtree(left)
        run = wandb.init(
            entity=os.environ.get("WANDB_ENTITY"),
            project=os.environ.get("WANDB_PROJECT") or PROJECT,
            group=told.study,
            id=told.id,
            name=told.name,
            tags=_labels(told.tags),
            config={**told.arguments, **told.tags},
            dir=self._folder,
            mode=cast(Any, wandb_mode()),
            resume="allow",
            reinit="create_new",
            settings=wandb.Settings(**QUIET),
        )
        _write(run, told)
        run.finish(exit_code=int(told.state == "fail"))
        if not run.disabled:
            with self._ledger.open("a") as ledger:
                ledger.write(f"{told.id}\n")


def _write(run: Any, told: TrackedRun) -> None:
    for step, values in told.curve.items():
        run.log(dict(values), step=step)
    run.summary.update(told.final)
    for name, path in told.files.items():
        copy = Path(run.dir) / Path(name).name
        shutil.copy(path, copy)
        run.save(str(copy), base_path=run.dir, policy="now")


def _labels(tags: Mapping[str, str]) -> list[str]:
    """The tags to filter runs by."""
    named = ("state", "role", "repeat_of")
    found = {name: tags.get(f"tuner.{name}") for name in named}
    return [text[:LONGEST_TAG] for name, value in found.items() if value for text in [_label(name, value)]]


def _label(name: str, value: str) -> str:
    return f"repeat of {value}" if name == "repeat_of" else value
