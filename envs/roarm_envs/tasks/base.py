"""What an environment asks of a task."""

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

import numpy as np

from roarm_envs.robot import RoArm, Sensed


class Task(Protocol):
    """Goal, observation, success and reward of one arm."""

    scales: ClassVar[tuple[tuple[float, float], ...]]  # factor and shift that bring each observed number to [-1, 1]

    def sample_goal(self, arm: RoArm, rng: np.random.Generator) -> Any:
        """A goal that the arm can reach. May move the arm."""

    def observe(self, sensed: Sensed, goal: Any) -> tuple[float, ...]:
        """The observation, not yet scaled and cut."""

    def distance(self, sensed: Sensed, goal: Any) -> float:
        """How far from success the arm is, in m."""

    def reached(self, distance: float) -> bool:
        """Whether that is success."""

    def rewards(self, before: float, after: float, action: Sequence[float], *, touching: bool) -> dict[str, float]:
        """Terms by name, whose sum is the reward; the distances before and after the step."""
