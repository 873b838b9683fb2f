"""One arm's episodes of a task: the one place where observation, reward, success and clock meet."""

from collections.abc import Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import gymnasium as gym
import numpy as np

from roarm_envs.robot import RoArm
from roarm_envs.tasks.base import Task

Info = dict[str, Any]
Row = list[float]
AnyTask = TypeVar("AnyTask", bound=Task)


class Step(NamedTuple):
    """What a control step brought."""

    row: Row  # observation, each number in [-1, 1]
    reward: float
    terminated: bool  # the goal is reached
    truncated: bool  # it is not, and time is up
    info: Info  # is_success, distance in m, reward_terms


class Episode(Generic[AnyTask]):
    """An arm with its goal, its distance and its clock.

    In plain floats: measured, NumPy on rows of a few arms takes longer than this, several times as long for one.
    """

    def __init__(self, task: AnyTask, max_steps: int) -> None:
        self.task = task
        self.max_steps = max_steps
        self.arm = RoArm()
        self.goal: Any = None
        self._distance = 0.0  # m
        self._steps = 0

    def begin(self, rng: np.random.Generator) -> tuple[Row, Info]:
        """Starts an episode: the arm at rest at home, with a new goal."""
        self.goal = self.task.sample_goal(self.arm, rng)
        self.arm.home()
        sensed = self.arm.sense(touching=False)
        self._distance = self.task.distance(sensed, self.goal)
        self._steps = 0
        return scaled(self.task, self.task.observe(sensed, self.goal)), {
            "is_success": False,
            "distance": self._distance,
        }

    def step(self, action: list[float]) -> Step:
        """One control step (50 ms) with an action that `action_rows` has checked.

        Raises:
            ResetNeeded: where no episode has begun.
        """
        task, goal = self.task, self.goal
        if goal is None:
            raise gym.error.ResetNeeded("no episode has begun: call reset() before step()")
        sensed = self.arm.follow(action)
        distance = task.distance(sensed, goal)
        terms = task.rewards(self._distance, distance, action, touching=sensed.touching)
        self._distance = distance
        self._steps += 1
        reached = task.reached(distance)
        return Step(
            scaled(task, task.observe(sensed, goal)),
            sum(terms.values()),
            reached,
            not reached and self._steps >= self.max_steps,
            {"is_success": reached, "distance": distance, "reward_terms": terms},
        )


def scaled(task: Task, values: Sequence[float]) -> Row:
    """The observation, each number brought to [-1, 1] and cut there."""
    return [
        -1.0 if (value := number * factor + shift) < -1.0 else 1.0 if value > 1.0 else value
        for number, (factor, shift) in zip(values, task.scales, strict=True)
    ]
