"""Reward terms: pure functions of quantities of one control step.

The scales follow the PPO guide: dense terms of 0.5 to 2 per step, a success bonus of 10 to 50, an episode's return
within ±50, and three to five terms.
"""

from collections.abc import Iterable


def added(values: Iterable[float]) -> float:
    """The sum from left to right; Python's own `sum` rounds otherwise from version 3.12 on."""
    total = 0.0
    for value in values:
        total += value
    return total


def progress(before: float, after: float, *, scale: float) -> float:
    """`scale` per metre that the distance decreased, negative if it increased. Sums to scale · (d0 - d)."""
    return scale * (before - after)


def success(reached: bool, *, bonus: float) -> float:
    """`bonus` in the step that reaches the goal, which ends the episode."""
    return float(bonus * reached)


def effort(mean_square: float, *, weight: float) -> float:
    """Minus `weight` times the mean square of the action: large swings overheat the servos."""
    return -weight * mean_square


def collision(touching: bool, *, weight: float) -> float:
    """Minus `weight` in every step in which the arm touches the table or itself."""
    return float(-weight * touching)
