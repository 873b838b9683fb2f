"""Errors of the environments, and checks of their options."""

from collections.abc import Mapping

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


MOST_WEIGHT = 1000.0
BONUS = "success_bonus"  # the only weight of a sparse reward


def check_weights(given: Mapping[str, float], usual: Mapping[str, float], reward: str) -> None:
    """Checks the weights of a reward's terms: from 0 to 1000; a sparse reward has the bonus alone.

    Args:
        given: Every weight by its name.
        usual: Their defaults.
        reward: `dense` or `sparse`.

    Raises:
        OptionError: naming the weight, the value and the rule.
    """
    for name, value in given.items():
        check_option(name, value, high=MOST_WEIGHT)
        if reward == "sparse" and name != BONUS and value != usual[name]:
            raise OptionError(
                f"{name}: {value!r} has no effect with reward='sparse', which is {BONUS} alone; leave it out"
            )
    if reward == "sparse" and given[BONUS] == 0:
        raise OptionError(f"{BONUS}: 0 leaves no reward with reward='sparse'; give more than 0")


def check_count(name: str, value: object, *, low: int, high: int) -> None:
    """Checks that a value is a whole number in [low, high].

    Raises:
        OptionError: naming the option, the value and the rule.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not low <= value <= high:
        raise OptionError(f"{name}: {value!r} must be a whole number from {low} to {high}")
