"""Listeners for tests, which are made in a process of their own: what they are told goes into files."""

import json
import os
import time
from pathlib import Path
from typing import Any

NOTES = Path("notes.jsonl")


def note(trial: dict[str, Any]) -> None:
    """A listener that is a function."""
    with NOTES.open("a") as notes:
        notes.write(json.dumps(trial) + "\n")


class Noting:
    """A listener that is a class, and knows what it was told."""

    def __init__(self, *_: object) -> None:
        self.count = 0

    def known(self) -> set[str]:
        return {trial["id"] for trial in noted()}

    def on_trial_end(self, trial: dict[str, Any]) -> None:
        self.count += 1
        note({**trial, "count": self.count})


class Unreachable:
    """A listener whose server is down."""

    def __init__(self, *_: object) -> None:
        raise ConnectionError("no route\nto https://me:hunter2@tracker.example, token s3cr3t-t0ken")

    def known(self) -> set[str]:
        return set()

    def on_trial_end(self, trial: dict[str, Any]) -> None:
        """Is never called."""


class Raising(Noting):
    """A listener that raises for odd trials."""

    def on_trial_end(self, trial: dict[str, Any]) -> None:
        if trial["number"] % 2:
            raise ValueError("odd")
        super().on_trial_end(trial)


class Dying(Noting):
    """A listener whose process dies at the second trial."""

    def on_trial_end(self, trial: dict[str, Any]) -> None:
        if trial["number"] == 1:
            os._exit(3)
        super().on_trial_end(trial)


class Hanging(Noting):
    """A listener that never ends with the first trial."""

    def on_trial_end(self, trial: dict[str, Any]) -> None:
        if trial["number"] == 0:
            time.sleep(600)
        super().on_trial_end(trial)


class Late(Noting):
    """A listener that hangs at every trial after it took it down."""

    def on_trial_end(self, trial: dict[str, Any]) -> None:
        super().on_trial_end(trial)
        time.sleep(600)


def noted() -> list[dict[str, Any]]:
    """What listeners of this folder were told."""
    return [json.loads(line) for line in NOTES.read_text().splitlines()] if NOTES.exists() else []
