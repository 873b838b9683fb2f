"""Reach: bring the tool point to a goal in the air, to within the tolerance."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import dist, pi
from typing import ClassVar

import numpy as np

from roarm_envs import figures, rewards
from roarm_envs.robot import LIMITS, RoArm, Sensed

Goal = tuple[float, float, float]  # m, in the world

REACH_SCALE = 0.7  # m: the tool point never gets farther from the base, in any coordinate
OFFSET_SCALE = 0.5  # m: offsets to the goal beyond it are cut; the goal itself is still seen


@dataclass(frozen=True, kw_only=True)
class Reach:
    """The task's options and its rules."""

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
    effort_weight: float = 0.01
    collision_weight: float = 0.4  # with a hundred steps of contact, a return stays above -50

    def sample_goal(self, arm: RoArm, rng: np.random.Generator) -> Goal:
        """A goal, x, y, z in m, that some collision-free pose reaches. Leaves the arm in that pose."""
        x, y, z = arm.random_pose(
            rng, base=self.goal_base, min_height=self.goal_min_height, margin=self.goal_clearance
        ).tolist()
        return x, y, z

    def observe(self, sensed: Sensed, goal: Goal) -> tuple[float, ...]:
        """Joint angles and speeds, tool point, goal, and the offset between them: 19 numbers, not yet scaled.

        Tool point and goal are in the world's frame. The offset is in the arm's own, turned with the base: its parts
        are outwards, sideways and up, so that one motion of the arm looks the same wherever the base points.
        """
        cosine, sine = sensed.heading
        (x, y, z), (goal_x, goal_y, goal_z) = sensed.tool, goal
        x, y, z = goal_x - x, goal_y - y, goal_z - z
        offset = (cosine * x + sine * y, cosine * y - sine * x, z)
        return *sensed.angles, *sensed.speeds, *sensed.tool, *goal, *offset

    def distance(self, sensed: Sensed, goal: Goal) -> float:
        """How far the tool point is from the goal, in m."""
        return dist(sensed.tool, goal)

    def reached(self, distance: float) -> bool:
        """Whether that is success."""
        return distance <= self.tolerance

    def rewards(self, before: float, after: float, action: Sequence[float], *, touching: bool) -> dict[str, float]:
        """The step's reward terms by name; the reward is their sum. Distances in m."""
        mean_square = sum([part * part for part in action]) / len(action)
        return {
            "progress": rewards.progress(before, after, scale=self.progress_scale),
            "success": rewards.success(self.reached(after), bonus=self.success_bonus),
            "effort": rewards.effort(mean_square, weight=self.effort_weight),
            "collision": rewards.collision(touching, weight=self.collision_weight),
        }
