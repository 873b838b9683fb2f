"""Reach: bring the tool point to a goal in the air, to within the tolerance."""

from dataclasses import dataclass
from math import pi

import numpy as np
from numpy.typing import NDArray

from roarm_envs import figures, rewards
from roarm_envs.robot import LOWER, UPPER, ArmState, RoArm

Array = NDArray[np.float64]

OBSERVATION_SIZE = 19
REACH_SCALE = 0.7  # m: the tool point never gets farther from the base, in any coordinate
OFFSET_SCALE = 0.5  # m: offsets to the goal beyond it are cut; the goal itself is still seen


@dataclass(frozen=True, kw_only=True)
class Reach:
    """The task's options and its rules."""

    tolerance: float = 0.02  # m; under 0.01 is finer than the real arm repeats
    goal_base: float = pi / 2  # rad: goals lie within ± this about the base
    goal_min_height: float = 0.03  # m
    goal_clearance: float = 0.005  # m, between the arm in the goal pose and anything

    progress_scale: float = 5.0  # a metre
    success_bonus: float = 10.0
    effort_weight: float = 0.01
    collision_weight: float = 0.4  # with a hundred steps of contact, a return stays above -50

    def sample_goal(self, arm: RoArm, rng: np.random.Generator) -> Array:
        """A goal (3,) m that some collision-free pose reaches. Leaves the arm in that pose."""
        return arm.random_pose(rng, base=self.goal_base, min_height=self.goal_min_height, margin=self.goal_clearance)

    def observe(self, state: ArmState, goal: Array) -> NDArray[np.float32]:
        """Joint angles and speeds, tool point, goal, and the offset between them, (19,), each scaled to [-1, 1].

        Tool point and goal are in the world's frame. The offset is in the arm's own, turned with the base: its parts
        are outwards, sideways and up, so that one motion of the arm looks the same wherever the base points.
        """
        angles = (state.angles - LOWER) / (UPPER - LOWER) * 2.0 - 1.0
        offset = into_arm_frame(goal - state.tool, state.angles[0])
        parts = [
            angles,
            state.speeds / figures.SERVO_SPEED,
            state.tool / REACH_SCALE,
            goal / REACH_SCALE,
            offset / OFFSET_SCALE,
        ]
        observation: NDArray[np.float32] = np.clip(np.concatenate(parts), -1.0, 1.0).astype(np.float32)
        return observation

    def distance(self, state: ArmState, goal: Array) -> float:
        """How far the tool point is from the goal, in m."""
        return float(np.linalg.norm(goal - state.tool))

    def rewards(self, before: float, after: float, action: Array, *, touching: bool) -> dict[str, float]:
        """The step's reward terms by name; the reward is their sum. Distances in m."""
        return {
            "progress": rewards.progress(before, after, scale=self.progress_scale),
            "success": float(rewards.success(after <= self.tolerance, bonus=self.success_bonus)),
            "effort": float(rewards.effort(action, weight=self.effort_weight)),
            "collision": float(rewards.collision(touching, weight=self.collision_weight)),
        }


def into_arm_frame(vector: Array, base_angle: float) -> Array:
    """A world vector (3,) seen from the base's frame, turned by `base_angle` rad about the vertical."""
    cosine, sine = np.cos(base_angle), np.sin(base_angle)
    x, y, z = vector
    return np.array([cosine * x + sine * y, cosine * y - sine * x, z])
