"""The interface of tasks."""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal, NamedTuple, Protocol

import numpy as np

from roarm_envs.robot import RoArm

REWARDS = ("dense", "sparse")
Point = tuple[float, float, float]  # m, in the world


class Judgement(NamedTuple):
    """A task's judgement of a control step."""

    success: bool  # the task is solved
    failed: bool  # it can no longer be solved
    distance: float  # m, from success
    terms: dict[str, float]  # reward terms by name; their sum is the reward
    stages: dict[str, bool]  # stages reached, by name, for `info`


class State(Protocol):
    """A task's state of an episode."""

    @property
    def goal(self) -> Any:
        """The goal, used by observation, reward, success and pictures alike."""

    @property
    def distance(self) -> float:
        """The distance from success, in m."""

    @property
    def stages(self) -> dict[str, bool]:
        """The stages reached, by name."""


class Task(Protocol):
    """Start, observation, success and reward for one arm. A state is made by `start` and changed only by `judge`."""

    scales: ClassVar[tuple[tuple[float, float], ...]]  # factor and shift that bring each observed number to [-1, 1]

    marker: ClassVar[Literal["ball", "disc"]]  # the goal's shape in pictures, with the tolerance as its radius

    @property
    def tolerance(self) -> float:
        """The distance from the goal that counts as success, in m."""

    def make_arm(self) -> RoArm:
        """The arm for the task."""

    def start(self, arm: Any, rng: np.random.Generator, difficulty: float) -> State:
        """Places arm and objects for a new episode; returns its state, with a reachable `goal`."""

    def observe(self, sensed: Any, state: Any) -> tuple[float, ...]:
        """The observation, before scaling and clipping."""

    def judge(self, sensed: Any, action: Sequence[float], state: Any) -> Judgement:
        """Judges the step that has just been made, and updates the state."""


def in_arm_frame(heading: tuple[float, float], start: Point, end: Point) -> Point:
    """The vector from `start` to `end` in m, in a frame that turns with the base: outwards, sideways and up.

    So the same motion of the arm gives the same values for any angle of the base.
    """
    (cosine, sine), (x, y, z), (end_x, end_y, end_z) = heading, start, end
    x, y, z = end_x - x, end_y - y, end_z - z
    return cosine * x + sine * y, cosine * y - sine * x, z


def scaled(task: Task, values: Sequence[float]) -> list[float]:
    """The observation, each number scaled to [-1, 1] and clipped."""
    return [
        -1.0 if (value := number * factor + shift) < -1.0 else 1.0 if value > 1.0 else value
        for number, (factor, shift) in zip(values, task.scales, strict=True)
    ]
