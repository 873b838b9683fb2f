"""Reach: bring the tool point to a goal in the air, to within the tolerance."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import pi, sqrt
from typing import ClassVar, Literal

import numpy as np

from roarm_envs import figures, rewards
from roarm_envs.robot import LIMITS, RoArm, Sensed
from roarm_envs.tasks.base import Judgement, Point, in_arm_frame

REACH_SCALE = 0.7  # m: a bound on every coordinate of the tool point
OFFSET_SCALE = 0.5  # m: larger offsets to the goal are clipped; the goal itself is observed as well


@dataclass(slots=True, kw_only=True)
class Aim:
    """The state of an episode of reaching."""

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

    tolerance: float = 0.02  # m; below 0.01 is finer than the real arm's repeatability
    goal_base: float = pi / 2  # rad: goals lie within ± this angle of the base
    goal_min_height: float = 0.03  # m
    goal_clearance: float = 0.005  # m, between the arm in the goal pose and anything

    progress_scale: float = 5.0  # per metre
    success_bonus: float = 10.0
    reward: str = "dense"  # or "sparse": the bonus alone
    effort_weight: float = 0.01
    collision_weight: float = 0.4  # with a hundred steps of contact, a return stays above -50

    def make_arm(self) -> RoArm:
        """The arm, its gripper closed."""
        return RoArm()

    def start(self, arm: RoArm, rng: np.random.Generator, difficulty: float) -> Aim:
        """Draws a goal and puts the arm at home, or, at a lower difficulty, between the goal's pose and home."""
        goal = self.sample_goal(arm, rng)
        if difficulty < 1.0:
            while not self._set_back(arm, difficulty):
                goal = self.sample_goal(arm, rng)
        else:
            arm.place(figures.HOME)
        return Aim(goal=goal, distance=self.distance(arm.sense(touching=False), goal))

    def _set_back(self, arm: RoArm, difficulty: float) -> bool:
        """Moves the arm by the share `difficulty` of the way home; returns whether it is free of collisions there."""
        arm.place([at + difficulty * (home - at) for at, home in zip(arm.targets, figures.HOME, strict=True)])
        return arm.sim.clear(self.goal_clearance)

    def sample_goal(self, arm: RoArm, rng: np.random.Generator) -> Point:
        """A goal (x, y, z) in m, the tool point of a random collision-free pose, in which the arm is left."""
        x, y, z = arm.random_pose(
            rng, base=self.goal_base, min_height=self.goal_min_height, margin=self.goal_clearance
        ).tolist()
        return x, y, z

    def observe(self, sensed: Sensed, state: Aim) -> tuple[float, ...]:
        """Joint angles and speeds, tool point, goal, and the offset between them: 19 numbers, before scaling.

        Tool point and goal are in the world's frame, the offset in the arm's own.
        """
        offset = in_arm_frame(sensed.heading, sensed.tool, state.goal)
        return *sensed.angles, *sensed.speeds, *sensed.tool, *state.goal, *offset

    def distance(self, sensed: Sensed, goal: Point) -> float:
        """The distance from the tool point to the goal, in m."""
        (x, y, z), (goal_x, goal_y, goal_z) = sensed.tool, goal
        x, y, z = goal_x - x, goal_y - y, goal_z - z
        return sqrt(x * x + y * y + z * z)

    def reached(self, distance: float) -> bool:
        """Whether a distance counts as success."""
        return distance <= self.tolerance

    def judge(self, sensed: Sensed, action: Sequence[float], state: Aim) -> Judgement:
        """Judges the step that has just been made."""
        distance = self.distance(sensed, state.goal)
        terms = self.rewards(state.distance, distance, action, touching=sensed.touching)
        state.distance = distance
        return Judgement(self.reached(distance), False, distance, terms, {})

    def rewards(self, before: float, after: float, action: Sequence[float], *, touching: bool) -> dict[str, float]:
        """The step's reward terms by name; the reward is their sum. Distances in m."""
        if self.reward == "sparse":
            return {"success": rewards.success(self.reached(after), bonus=self.success_bonus)}
        mean_square = rewards.added([part * part for part in action]) / len(action)
        return {
            "progress": rewards.progress(before, after, scale=self.progress_scale),
            "success": rewards.success(self.reached(after), bonus=self.success_bonus),
            "effort": rewards.effort(mean_square, weight=self.effort_weight),
            "collision": rewards.collision(touching, weight=self.collision_weight),
        }
