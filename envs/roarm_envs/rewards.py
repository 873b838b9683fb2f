"""Reward terms: pure functions of what happened in one control step. They take scalars or arrays of one shape.

The scales follow the user's PPO guide: dense terms of 0.5 to 2 a step, a success bonus of 10 to 50, an episode's
return within ±50, three to five terms and no more.
"""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Number = TypeVar("Number", float, NDArray[np.float64])


def progress(before: Number, after: Number, *, scale: float) -> Number:
    """`scale` for every metre that the tool came nearer, negative when it moved away. Sums to scale · (d0 - d)."""
    return scale * (before - after)


def success(reached: bool | NDArray[np.bool_], *, bonus: float) -> NDArray[np.float64]:
    """`bonus` in the step that reaches the goal, which ends the episode."""
    return np.multiply(reached, bonus, dtype=np.float64)


def effort(action: NDArray[np.float64], *, weight: float) -> NDArray[np.float64]:
    """Minus `weight` times the mean square of the action (…, joints): large swings overheat the servos."""
    squares: NDArray[np.float64] = np.add.reduce(action * action, axis=-1)  # np.mean takes four times as long
    cost: NDArray[np.float64] = squares * (-weight / action.shape[-1])
    return cost


def collision(touching: bool | NDArray[np.bool_], *, weight: float) -> NDArray[np.float64]:
    """Minus `weight` in every step in which the arm touches the table or itself."""
    return np.multiply(touching, -weight, dtype=np.float64)
