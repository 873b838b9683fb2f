"""The names of stored studies, read without loading Optuna: a shell that completes a name waits for it."""

import contextlib
import os
import sqlite3
from pathlib import Path
from urllib.parse import quote

SQLITE = "sqlite:///"
DEFAULT_FILE = "studies/tuner.db"
CONFIRMATION = "-confirm"  # ends the name of a companion study


def quick_study_names(storage: str | None) -> list[str]:
    """The studies of an SQLite database, of the default one where no URL is given; none where it cannot be read."""
    url = storage or os.environ.get("TUNER_STORAGE") or SQLITE + DEFAULT_FILE
    if not url.startswith(SQLITE):
        return []
    path = Path(url.removeprefix(SQLITE)).expanduser().absolute()
    with (
        contextlib.suppress(sqlite3.Error),
        contextlib.closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as database,
    ):
        names = [str(name) for (name,) in database.execute("SELECT study_name FROM studies")]
        return [name for name in names if name.removesuffix(CONFIRMATION) == name]
    return []
