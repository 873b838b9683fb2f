"""What an environment asks of a task."""

from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from roarm_envs.robot import ArmStates, RoArm

Array = NDArray[np.float64]


class Task(Protocol):
    """Goals, observation, success and reward of n arms side by side: the first axis of every array is the arm."""

    observation_size: ClassVar[int]
    goal_size: ClassVar[int]

    def sample_goal(self, arm: RoArm, rng: np.random.Generator) -> Array:
        """A goal (goal_size,) that the arm can reach. May move the arm."""

    def observe(self, states: ArmStates, goals: Array) -> NDArray[np.float32]:
        """A new array (n, observation_size) in [-1, 1]."""

    def distances(self, states: ArmStates, goals: Array) -> Array:
        """How far from success each arm is, (n,) m."""

    def reached(self, distances: Array) -> NDArray[np.bool_]:
        """Which arms have succeeded, (n,)."""

    def rewards(self, before: Array, after: Array, actions: Array, *, touching: NDArray[np.bool_]) -> dict[str, Array]:
        """Terms by name, each (n,), whose sum is the reward; distances (n,) before and after the step."""
