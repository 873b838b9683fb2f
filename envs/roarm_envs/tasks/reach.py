"""Reach: bring the tool point to a goal in the air, to within the tolerance."""

from dataclasses import dataclass
from math import pi
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from roarm_envs import figures, rewards
from roarm_envs.robot import LOWER, UPPER, ArmStates, RoArm

Array = NDArray[np.float64]

REACH_SCALE = 0.7  # m: the tool point never gets farther from the base, in any coordinate
OFFSET_SCALE = 0.5  # m: offsets to the goal beyond it are cut; the goal itself is still seen

# Factor and shift (19,) that bring angles, speeds, tool point, goal and offset to [-1, 1].
_FACTOR = np.concatenate(
    [2.0 / (UPPER - LOWER), np.repeat([1 / figures.SERVO_SPEED, 1 / REACH_SCALE, 1 / OFFSET_SCALE], [5, 6, 3])]
)
_SHIFT = np.concatenate([-2.0 * LOWER / (UPPER - LOWER) - 1.0, np.zeros(14)])


@dataclass(frozen=True, kw_only=True)
class Reach:
    """The task's options and its rules. Everything works on n arms at once, row by row (`tasks.base.Task`)."""

    observation_size: ClassVar[int] = 19
    goal_size: ClassVar[int] = 3

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

    def observe(self, states: ArmStates, goals: Array) -> NDArray[np.float32]:
        """Joint angles and speeds, tool point, goal, and the offset between them, (n, 19), each scaled to [-1, 1].

        Tool point and goal are in the world's frame. The offset is in the arm's own, turned with the base: its parts
        are outwards, sideways and up, so that one motion of the arm looks the same wherever the base points.
        """
        observation = np.empty((len(goals), self.observation_size))
        observation[:, :13] = states.sensed[:, :13]  # angles, speeds, tool point
        observation[:, 13:16] = goals
        into_arm_frame(goals - states.tools, states.heading, out=observation[:, 16:])
        observation *= _FACTOR
        observation += _SHIFT
        np.maximum(observation, -1.0, out=observation)
        np.minimum(observation, 1.0, out=observation)
        return observation.astype(np.float32)

    def distances(self, states: ArmStates, goals: Array) -> Array:
        """How far each tool point is from its goal, (n,) m."""
        offset = goals - states.tools
        offset *= offset
        distances: Array = np.sqrt(np.add.reduce(offset, axis=1))
        return distances

    def reached(self, distances: Array) -> NDArray[np.bool_]:
        """Which arms have succeeded, (n,)."""
        return distances <= self.tolerance

    def rewards(self, before: Array, after: Array, actions: Array, *, touching: NDArray[np.bool_]) -> dict[str, Array]:
        """The step's reward terms by name, each (n,); the reward is their sum. Distances (n,) in m."""
        return {
            "progress": rewards.progress(before, after, scale=self.progress_scale),
            "success": rewards.success(self.reached(after), bonus=self.success_bonus),
            "effort": rewards.effort(actions, weight=self.effort_weight),
            "collision": rewards.collision(touching, weight=self.collision_weight),
        }


def into_arm_frame(vectors: Array, heading: Array, *, out: Array) -> None:
    """Turns world vectors (n, 3) into the frames of bases whose angles have the cosine and sine `heading` (n, 2)."""
    x, y = vectors[:, 0], vectors[:, 1]
    cosine, sine = heading[:, 0], heading[:, 1]
    out[:, 0] = cosine * x + sine * y
    out[:, 1] = cosine * y - sine * x
    out[:, 2] = vectors[:, 2]
