"""Tracebacks of faults that nobody foresaw, each in a file of its own."""

import sys
import tempfile
import time
from pathlib import Path

from tuner import __version__
from tuner.errors import without_passwords


def write(trace: str) -> Path:
    """Writes a traceback, without passwords, to a new file of the system's temporary folder."""
    with tempfile.NamedTemporaryFile("w", prefix="tuner-", suffix=".log", delete=False, encoding="utf-8") as log:
        text = f"{time.strftime('%Y-%m-%d %H:%M:%S')} tuner {__version__} {sys.argv[1:]}\n\n{trace}"
        log.write(without_passwords(text))
    return Path(log.name)
