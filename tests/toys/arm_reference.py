"""The arm for calculations in tests: states as arrays, and the tool point computed from the chain."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from roarm_envs import figures
from roarm_envs.figures import Vector
from roarm_envs.robot import RoArm, action_rows

Array = NDArray[np.float64]
Pose = NDArray[np.float64]  # (4, 4) homogeneous transform


@dataclass(frozen=True, kw_only=True)
class ArmState:
    """The sensors' readings, as arrays."""

    angles: Array  # (5,) rad
    speeds: Array  # (5,) rad/s
    tool: Array  # (3,) m, in the world
    touching: bool  # the table or itself


def home(arm: RoArm) -> ArmState:
    """Puts arm and targets in the home pose, at rest."""
    arm.place(figures.HOME)
    return _as_arrays(arm.sense(touching=False))


def move(arm: RoArm, action: Array) -> ArmState:
    """Shifts the joint targets by `action` (5,) in [-1, 1], 1 being 0.10 rad, and simulates one control step.

    Raises:
        ValueError: if the action is not finite.
    """
    (row,) = action_rows(np.asarray(action)[np.newaxis], count=1)
    return _as_arrays(arm.follow(row))


def _as_arrays(sensed: Any) -> ArmState:
    angles, speeds, tool = (np.array(part) for part in sensed[:3])
    return ArmState(angles=angles, speeds=speeds, tool=tool, touching=sensed.touching)


def rotation(rpy: Vector) -> NDArray[np.float64]:
    """The (3, 3) rotation of fixed-axis roll, pitch, yaw: Rz(yaw) Ry(pitch) Rx(roll)."""
    (cr, cp, cy), (sr, sp, sy) = np.cos(rpy), np.sin(rpy)
    return np.array(
        [
            [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
            [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
            [-sp, cp * sr, cp * cr],
        ]
    )


def transform(xyz: Vector, rpy: Vector) -> Pose:
    """A pose from an origin in m and angles in rad."""
    pose = np.eye(4)
    pose[:3, :3] = rotation(rpy)
    pose[:3, 3] = xyz
    return pose


def tool_pose(angles: ArrayLike) -> Pose:
    """The tool point's pose in the world (table at z = 0) for the five arm joints' angles in rad."""
    by_name = dict(zip(figures.ARM_JOINTS, np.asarray(angles, dtype=float), strict=True))
    pose = transform((0.0, 0.0, figures.BASE_HEIGHT), (0.0, 0.0, 0.0))
    for row in figures.CHAIN:
        if row.name == figures.GRIPPER_JOINT:
            continue
        turn = transform((0.0, 0.0, 0.0), (0.0, 0.0, by_name.get(row.name, 0.0)))
        pose = pose @ transform(row.xyz, row.rpy) @ turn
    return pose


def tool_position(angles: ArrayLike) -> NDArray[np.float64]:
    """The tool point (3,) in m in the world for the five arm joints' angles in rad."""
    position: NDArray[np.float64] = tool_pose(angles)[:3, 3]
    return position
