"""Forward kinematics written straight from the chain's table, independent of the physics engine."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from roarm_envs import figures
from roarm_envs.figures import Vector

Pose = NDArray[np.float64]  # (4, 4) homogeneous transform


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
