"""One arm's episodes of a task: observation, reward, success and time limit, for single and vector environments."""

from typing import Any, Generic, NamedTuple, TypeVar

import gymnasium as gym
import numpy as np

from roarm_envs.rewards import added
from roarm_envs.tasks.base import State, Task, scaled
from roarm_envs.variation import Lag, Ranges, draw

Info = dict[str, Any]
Row = list[float]
AnyTask = TypeVar("AnyTask", bound=Task)

FULL = 1.0  # difficulty


class Step(NamedTuple):
    """The result of a control step."""

    row: Row  # observation, each number in [-1, 1]
    reward: float
    terminated: bool  # the task is solved, or can no longer be
    truncated: bool  # not terminated, and time is up
    info: Info  # is_success, distance in m, reward_terms, the task's stages


class EpisodeState(Generic[AnyTask]):
    """An arm with its task's state and its step count.

    Uses plain floats: NumPy on rows of a few arms measured slower, several times slower for one arm.
    """

    state: State  # the task's state, set by the first reset

    def __init__(self, task: AnyTask, max_steps: int, ranges: Ranges | None = None) -> None:
        self.task = task
        self.max_steps = max_steps
        self.difficulty = FULL
        self.ranges = ranges or {}
        self.drawn: dict[str, float] = {}
        self.success = False
        self._begun = False
        self.arm = task.make_arm()
        self._lag: Lag | None = None
        self._noise = 0.0  # rad
        self._rng = np.random.default_rng(0)
        self._steps = 0

    def begin(self, rng: np.random.Generator) -> tuple[Row, Info]:
        """Starts an episode, everything at rest, as task and difficulty define it."""
        if self.ranges:
            self._vary(rng)
        self.state = self.task.start(self.arm, rng, self.difficulty)
        if self.ranges:
            self.arm.mesh(self.drawn.get("backlash", 0.0))
        self._steps = 0
        self._begun = True
        self.success = False
        sensed = self.arm.sense(touching=False)
        info: Info = {"is_success": False, "distance": self.state.distance, **self.state.stages}
        if self.ranges:
            info["variation"] = dict(self.drawn)
        return self._observed(sensed), info

    def step(self, action: list[float]) -> Step:
        """One control step (50 ms) with an action that `action_rows` has checked.

        Raises:
            ResetNeeded: if no episode has begun.
        """
        self.require_begun()
        if self._lag is not None:
            action = self._lag.pass_on(action)
        sensed = self.arm.follow(action)
        success, failed, distance, terms, stages = self.task.judge(sensed, action, self.state)
        ended = success or failed
        return Step(
            self._observed(sensed),
            added(terms.values()),
            ended,
            self.count(success=success, ended=ended),
            {"is_success": success, "distance": distance, "reward_terms": terms, **stages},
        )

    def require_begun(self) -> None:
        """Raises ResetNeeded if no episode has begun."""
        if not self._begun:
            raise gym.error.ResetNeeded("no episode has begun: call reset() before step()")

    def count(self, *, success: bool, ended: bool) -> bool:
        """Counts a step; returns whether time is up in an episode that has not ended by success or otherwise."""
        self._steps += 1
        self.success = success
        return not ended and self._steps >= self.max_steps

    def mark(self) -> tuple[float, float, float]:
        """Where pictures show the goal, in m; a disc marker lies on the table below the goal."""
        x, y, z = self.state.goal
        return (x, y, 0.0) if self.task.marker == "disc" else (x, y, z)

    def _observed(self, sensed: Any) -> Row:
        if self._noise:
            sensed = self.arm.blur(sensed, self._rng.normal(0.0, self._noise, len(sensed.angles)).tolist())
        return scaled(self.task, self.task.observe(sensed, self.state))

    def _vary(self, rng: np.random.Generator) -> None:
        """Draws this episode's variation and applies it."""
        self.drawn = draw(self.ranges, rng)
        steps = int(self.drawn.get("delay", 0))
        self._lag = Lag(steps, len(self.arm.limits)) if steps else None
        self._noise = self.drawn.get("encoder_noise", 0.0)
        self._rng = rng
        self.arm.vary(self.drawn)
