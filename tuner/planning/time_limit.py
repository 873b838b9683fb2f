"""A limit of time: nothing begins that would likely end after it."""

import math
import time


def deadline(minutes: float | None) -> float | None:
    """The moment on the monotonic clock when so many minutes from now are over; None without a limit."""
    return None if minutes is None else time.monotonic() + minutes * 60


def last_start(deadline: float | None, seconds: float) -> float:
    """The last moment at which a job of so many seconds may begin."""
    return math.inf if deadline is None else deadline - seconds
