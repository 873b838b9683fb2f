"""One arm's episodes of a task: the one place where observation, reward, success and clock meet."""

from collections.abc import Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from roarm_envs.robot import RoArm
from roarm_envs.tasks.base import Task

Info = dict[str, Any]
Row = tuple[float, ...]
AnyTask = TypeVar("AnyTask", bound=Task)


class Step(NamedTuple):
    """What a control step brought."""

    row: Row  # observation, not yet scaled
    reward: float
    terminated: bool  # the goal is reached
    truncated: bool  # it is not, and time is up
    info: Info  # is_success, distance in m, reward_terms


class Episode(Generic[AnyTask]):
    """An arm with its goal, its distance and its clock.

    In plain floats: measured, NumPy on rows of one to some sixteen arms takes longer than this, up to six times. Only
    the scaling of observations, 19 numbers an arm, is done for all arms at once.
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
        return self.task.observe(sensed, self.goal), {"is_success": False, "distance": self._distance}

    def step(self, action: list[float]) -> Step:
        """One control step (50 ms) with an action that `action_rows` has checked."""
        task, goal = self.task, self.goal
        sensed = self.arm.follow(action)
        distance = task.distance(sensed, goal)
        terms = task.rewards(self._distance, distance, action, touching=sensed.touching)
        self._distance = distance
        self._steps += 1
        reached = task.reached(distance)
        return Step(
            task.observe(sensed, goal),
            sum(terms.values()),
            reached,
            not reached and self._steps >= self.max_steps,
            {"is_success": reached, "distance": distance, "reward_terms": terms},
        )


def scaled(task: Task, rows: Sequence[Row]) -> NDArray[np.float32]:
    """Observations (n, observation_size) in [-1, 1]; a new array."""
    values = np.array(rows)
    values *= task.factor
    values += task.shift
    np.maximum(values, _MINUS_ONE, out=values)
    np.minimum(values, _ONE, out=values)
    return values.astype(np.float32)


_ONE, _MINUS_ONE = np.array(1.0), np.array(-1.0)  # NumPy takes twice as long with plain numbers
