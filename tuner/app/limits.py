"""Bounds of what is asked for, the same for every front end."""

import math
import operator
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, SupportsIndex

from tuner.config.finals_share import FINALS_RULE, share_of_finals
from tuner.config.wrapper_notation import wrapper_entries
from tuner.config.yaml import read_value
from tuner.errors import UsageProblem
from tuner.records import SUCCESS

MOST_MINUTES = 7 * 24 * 60


def whole_number(name: str, value: object, low: int, high: int | None = None) -> int:
    """A whole number within bounds.

    Raises:
        UsageProblem: naming what it is, the value and the rule.
    """
    if isinstance(value, bool) or not isinstance(value, SupportsIndex):  # NumPy's are whole numbers as well
        raise UsageProblem(f"{name} {value!r}: must be a whole number")
    number = operator.index(value)
    if number < low:
        raise UsageProblem(f"{name} {number}: must be at least {low}")
    if high is not None and number > high:
        raise UsageProblem(f"{name} {number}: must be at most {high}")
    return number


def success(key: str | None, when: str | None, at_least: float | None = None) -> dict[str, Any] | None:
    """Where success is told, as a study file has it under `success`; None where nothing was asked for."""
    if key is None and when is None and at_least is None:
        return None
    return {"key": SUCCESS if key is None else key, "when": when or "end", "at_least": at_least}


def wrapper_paths(name: str, texts: Sequence[str]) -> tuple[Any, ...]:
    """Wrappers without arguments, as a study file has them.

    Raises:
        UsageProblem: naming the text that is no import path.
    """
    try:
        return wrapper_entries(list(texts))
    except ValueError as error:
        raise UsageProblem(f"{name} {error}") from None


def keyword_values(name: str, texts: Sequence[str]) -> dict[str, Any]:
    """Keyword arguments from texts `KEY=VALUE`, with values as YAML has them.

    Raises:
        UsageProblem: naming the text that is none, or the key that comes twice.
    """
    found: dict[str, Any] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key.isidentifier():
            raise UsageProblem(f"{name} {text!r}: must be KEY=VALUE, such as {name} size=3")
        if key in found:
            raise UsageProblem(f"{name} {text!r}: {key} is given twice")
        found[key] = read_value(value)
    return found


def finals_share(text: str) -> float | str:
    """The share that a command line names, as a study file has it under `finals`.

    Raises:
        UsageProblem: naming the value and the rule.
    """
    try:
        return share_of_finals(text if text in ("off", "auto") else float(text))
    except ValueError:
        raise UsageProblem(f"--finals {text!r}: {FINALS_RULE}") from None


def file_path(name: str, value: object) -> Path:
    """A path, as text or as an object.

    Raises:
        UsageProblem: where it is neither.
    """
    if not isinstance(value, str | os.PathLike) or not os.fspath(value):
        raise UsageProblem(f"{name} {value!r}: must be the path of a file")
    return Path(os.fspath(value))


def time_limit(name: str, value: object) -> float:
    """Minutes, up to a week.

    Raises:
        UsageProblem: naming what it is, the value and the rule.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UsageProblem(f"{name} {value!r}: must be a number of minutes")
    if not 0 < value <= MOST_MINUTES:
        raise UsageProblem(f"{name} {value:g}: must be greater than 0 and at most {MOST_MINUTES}, a week")
    return float(value)


def picture_size(name: str, text: str) -> tuple[int, int]:
    """Width and height of a picture, from `960x720`.

    Raises:
        UsageProblem: naming the text and the rule.
    """
    width, _, height = text.partition("x")
    if width.isascii() and width.isdecimal() and height.isascii() and height.isdecimal():
        size = int(width[:6]), int(height[:6])
        (least, most) = SIZES
        if all(low <= side <= high and side % 2 == 0 for low, side, high in zip(least, size, most, strict=True)):
            return size
    raise UsageProblem(
        f"{name} {text!r}: must be WIDTHxHEIGHT in even numbers of pixels, from {_by(SIZES[0])} to {_by(SIZES[1])}"
    )


def _by(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def deadline(minutes: float | None) -> float | None:
    """The moment on the monotonic clock when so many minutes from now are over; None without a limit."""
    return None if minutes is None else time.monotonic() + minutes * 60


def last_start(deadline: float | None, seconds: float) -> float:
    """The last moment at which a job of so many seconds may begin."""
    return math.inf if deadline is None else deadline - seconds


DEFAULT_STUDY = "reach"
ENGINES = ("processes", "inline", "ray")
DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8080
PLAYED_EPISODES = 5  # of a video
SIZES = (160, 120), (3840, 2160)  # pixels of a picture: smallest and largest width and height
COMPARED_MINUTES = 5  # of training, for each run
MOST_TEST_SEEDS = 100  # of a confirmation, and candidates: exact tests over all permutations have their price
MOST_SEEDS = 1000  # of a comparison or a final training
MOST_CHECKED = 100_000  # episodes of each policy
MOST_PLAYED = 1000  # episodes
MOST_STEPS = 10**12  # of a final training
LARGEST_SEED = 2**31 - 1001  # of training: environments take the seeds after it as well
EXPORT_FORMATS = ("zoo", "sb3", "json")
REPORT_FORMATS = ("html", "md", "json")
