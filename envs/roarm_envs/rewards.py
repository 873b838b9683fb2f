"""Reward terms: pure functions of what happened in one control step. They take scalars or arrays of one shape.

The scales follow the user's PPO guide: dense terms of 0.5 to 2 a step, a success bonus of 10 to 50, an episode's
return within ±50, three to five terms and no more.
"""

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Number = TypeVar("Number", float, NDArray[np.float64])
Flag = bool | NDArray[np.bool_]


def progress(before: Number, after: Number, *, scale: float) -> Number:
    """`scale` for every metre that the tool came nearer, negative when it moved away. Sums to scale · (d0 - d)."""
    return scale * (before - after)


def success(reached: Flag, *, bonus: float) -> Any:
    """`bonus` in the step that reaches the goal, which ends the episode."""
    return bonus * reached


def effort(mean_square: Number, *, weight: float) -> Number:
    """Minus `weight` times the mean square of the action: large swings overheat the servos."""
    return -weight * mean_square


def collision(touching: Flag, *, weight: float) -> Any:
    """Minus `weight` in every step in which the arm touches the table or itself."""
    return -weight * touching
