"""Errors of the environments, and checks of their options."""

import numpy as np


class OptionError(ValueError):
    """An environment option has a value that it cannot take."""


class DisplayMissing(RuntimeError):
    """A window cannot be opened here."""


class WindowClosed(RuntimeError):
    """The window in which the arm was shown has been closed."""


def check_option(
    name: str,
    value: object,
    *,
    low: float = 0.0,
    high: float = 0.0,
    unit: str = "",
    valid: tuple[str, ...] | None = None,
) -> None:
    """Checks that a number is in [low, high], or that a word is one of `valid`.

    Raises:
        OptionError: naming the option, the value and the rule.
    """
    if valid is not None:
        if value not in valid:
            raise OptionError(f"{name}: {value!r} is not available; valid: {', '.join(valid) or 'none (leave it out)'}")
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise OptionError(f"{name}: {value!r} must be a number from {low:g} to {high:g} {unit}".rstrip())


def check_count(name: str, value: object, *, low: int, high: int) -> None:
    """Checks that a value is a whole number in [low, high].

    Raises:
        OptionError: naming the option, the value and the rule.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not low <= value <= high:
        raise OptionError(f"{name}: {value!r} must be a whole number from {low} to {high}")
