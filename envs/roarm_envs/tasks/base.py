"""What an environment asks of a task."""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal, NamedTuple, Protocol

import numpy as np

from roarm_envs.robot import RoArm

REWARDS = ("dense", "sparse")
Point = tuple[float, float, float]  # m, in the world


class Judgement(NamedTuple):
    """What a control step came to."""

    success: bool  # the task is done
    failed: bool  # it cannot be done any more
    distance: float  # m, how far from success
    terms: dict[str, float]  # reward terms by name; their sum is the reward
    stages: dict[str, bool]  # how far the episode has come, by name, for `info`


class State(Protocol):
    """An episode, as its task keeps it."""

    @property
    def goal(self) -> Any:
        """What observation, reward, success and picture all read."""

    @property
    def distance(self) -> float:
        """How far from success, in m."""

    @property
    def stages(self) -> dict[str, bool]:
        """How far the episode has come, by name."""


class Task(Protocol):
    """Start, observation, success and reward of one arm. A state is made by `start` and changed by `judge` alone."""

    scales: ClassVar[tuple[tuple[float, float], ...]]  # factor and shift that bring each observed number to [-1, 1]

    marker: ClassVar[Literal["ball", "disc"]]  # what the goal looks like in a picture, as wide as the tolerance

    @property
    def tolerance(self) -> float:
        """How near the goal counts, in m."""

    def make_arm(self) -> RoArm:
        """The arm that the task is for."""

    def start(self, arm: Any, rng: np.random.Generator, difficulty: float) -> State:
        """Puts arm and things where an episode starts; returns its state, whose `goal` can be reached."""

    def observe(self, sensed: Any, state: Any) -> tuple[float, ...]:
        """The observation, not yet scaled and cut."""

    def judge(self, sensed: Any, action: Sequence[float], state: Any) -> Judgement:
        """What the step that led here came to; moves the state on."""


def in_arm_frame(heading: tuple[float, float], start: Point, end: Point) -> Point:
    """The way from `start` to `end` in m, turned with the base: outwards, sideways and up.

    So one motion of the arm looks the same wherever the base points.
    """
    (cosine, sine), (x, y, z), (end_x, end_y, end_z) = heading, start, end
    x, y, z = end_x - x, end_y - y, end_z - z
    return cosine * x + sine * y, cosine * y - sine * x, z


def scaled(task: Task, values: Sequence[float]) -> list[float]:
    """The observation, each number brought to [-1, 1] and cut there."""
    return [
        -1.0 if (value := number * factor + shift) < -1.0 else 1.0 if value > 1.0 else value
        for number, (factor, shift) in zip(values, task.scales, strict=True)
    ]
