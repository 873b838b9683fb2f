"""Reach: bring the tool point to a goal in the air, to within the tolerance."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import dist, pi
from typing import ClassVar, Literal

import numpy as np

from roarm_envs import figures, rewards
from roarm_envs.robot import LIMITS, RoArm, Sensed
from roarm_envs.tasks.base import Judgement, Point, in_arm_frame

REACH_SCALE = 0.7  # m: the tool point never gets farther from the base, in any coordinate
OFFSET_SCALE = 0.5  # m: offsets to the goal beyond it are cut; the goal itself is still seen


@dataclass(slots=True, kw_only=True)
class Aim:
    """An episode of reaching."""

    goal: Point
    distance: float  # m, after the last step
    stages: ClassVar[dict[str, bool]] = {}


@dataclass(frozen=True, kw_only=True)
class Reach:
    """The task's options and its rules."""

    marker: ClassVar[Literal["ball", "disc"]] = "ball"
    scales: ClassVar[tuple[tuple[float, float], ...]] = (
        *((2.0 / (upper - lower), -2.0 * lower / (upper - lower) - 1.0) for lower, upper in LIMITS),  # angles
        *[(1.0 / figures.SERVO_SPEED, 0.0)] * 5,
        *[(1.0 / REACH_SCALE, 0.0)] * 6,  # tool point, goal
        *[(1.0 / OFFSET_SCALE, 0.0)] * 3,
    )

    tolerance: float = 0.02  # m; under 0.01 is finer than the real arm repeats
    goal_base: float = pi / 2  # rad: goals lie within ± this about the base
    goal_min_height: float = 0.03  # m
    goal_clearance: float = 0.005  # m, between the arm in the goal pose and anything

    progress_scale: float = 5.0  # a metre
    success_bonus: float = 10.0
    reward: str = "dense"  # or "sparse": the bonus alone
    effort_weight: float = 0.01
    collision_weight: float = 0.4  # with a hundred steps of contact, a return stays above -50

    def make_arm(self) -> RoArm:
        """The arm, its gripper closed."""
        return RoArm()

    def start(self, arm: RoArm, rng: np.random.Generator, difficulty: float) -> Aim:
        """A goal, and the arm at home; at a lower difficulty on the way from the goal's pose to home, so far."""
        goal = self.sample_goal(arm, rng)
        if difficulty < 1.0:
            while not self._set_back(arm, difficulty):
                goal = self.sample_goal(arm, rng)
        else:
            arm.place(figures.HOME)
        return Aim(goal=goal, distance=self.distance(arm.sense(touching=False), goal))

    def _set_back(self, arm: RoArm, difficulty: float) -> bool:
        """Moves the arm that far from where it is towards home; whether it keeps clear there."""
        arm.place([at + difficulty * (home - at) for at, home in zip(arm.targets, figures.HOME, strict=True)])
        return arm.sim.clear(self.goal_clearance)

    def sample_goal(self, arm: RoArm, rng: np.random.Generator) -> Point:
        """A goal, x, y, z in m, that some collision-free pose reaches. Leaves the arm in that pose."""
        x, y, z = arm.random_pose(
            rng, base=self.goal_base, min_height=self.goal_min_height, margin=self.goal_clearance
        ).tolist()
        return x, y, z

    def observe(self, sensed: Sensed, state: Aim) -> tuple[float, ...]:
        """Joint angles and speeds, tool point, goal, and the offset between them: 19 numbers, not yet scaled.

        Tool point and goal are in the world's frame, the offset in the arm's own.
        """
        offset = in_arm_frame(sensed.heading, sensed.tool, state.goal)
        return *sensed.angles, *sensed.speeds, *sensed.tool, *state.goal, *offset

    def distance(self, sensed: Sensed, goal: Point) -> float:
        """How far the tool point is from the goal, in m."""
        return dist(sensed.tool, goal)

    def reached(self, distance: float) -> bool:
        """Whether that is success."""
        return distance <= self.tolerance

    def judge(self, sensed: Sensed, action: Sequence[float], state: Aim) -> Judgement:
        """What the step that led here came to."""
        distance = self.distance(sensed, state.goal)
        terms = self.rewards(state.distance, distance, action, touching=sensed.touching)
        state.distance = distance
        return Judgement(self.reached(distance), False, distance, terms, {})

    def rewards(self, before: float, after: float, action: Sequence[float], *, touching: bool) -> dict[str, float]:
        """The step's reward terms by name; the reward is their sum. Distances in m."""
        if self.reward == "sparse":
            return {"success": rewards.success(self.reached(after), bonus=self.success_bonus)}
        mean_square = sum([part * part for part in action]) / len(action)
        return {
            "progress": rewards.progress(before, after, scale=self.progress_scale),
            "success": rewards.success(self.reached(after), bonus=self.success_bonus),
            "effort": rewards.effort(mean_square, weight=self.effort_weight),
            "collision": rewards.collision(touching, weight=self.collision_weight),
        }
