"""Forward kinematics written straight from the chain's table, independent of the physics engine."""

from collections.abc import Sequence
from math import atan2, cos, sin

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


# The arm in its own plane, (outwards, upwards) in m, all joints at zero: it stands upright.
SHOULDER = figures.joint("shoulder").xyz[2] + figures.BASE_HEIGHT
UPPER_UP, UPPER_OUT, _ = figures.joint("elbow").xyz
FOREARM_UP = -figures.joint("wrist_pitch").xyz[1]
HAND_OUT = figures.joint("wrist_roll").xyz[0]
TIP = figures.joint("tcp").xyz[2]  # along the hand, from its origin to the tool point
HAND_UP = -figures.joint("wrist_roll").xyz[1] + TIP


def wrist_height(shoulder: float, elbow: float) -> float:
    """How high over the table the wrist's pitch axis is, in m."""
    bent = shoulder + elbow
    return SHOULDER + UPPER_UP * cos(shoulder) - UPPER_OUT * sin(shoulder) + FOREARM_UP * cos(bent)


def tool_point(base: float, shoulder: float, elbow: float, wrist: float) -> tuple[float, float, float, float, float]:
    """`tool_position` in closed form, some hundred times as fast: x, y, z in m, and the base angle's cosine and sine.

    Shoulder, elbow and wrist turn about parallel axes, so that their angles add up; the wrist's roll does not move the
    tool point. In plain floats, so that the last bit does not depend on how many arms are computed together.
    """
    bent = shoulder + elbow
    pitch = bent + wrist
    upper_c, upper_s, fore_c, fore_s = cos(shoulder), sin(shoulder), cos(bent), sin(bent)
    hand_c, hand_s, cosine, sine = cos(pitch), sin(pitch), cos(base), sin(base)
    out = UPPER_OUT * upper_c + UPPER_UP * upper_s + FOREARM_UP * fore_s + HAND_OUT * hand_c + HAND_UP * hand_s
    up = UPPER_UP * upper_c - UPPER_OUT * upper_s + FOREARM_UP * fore_c + HAND_UP * hand_c - HAND_OUT * hand_s
    return out * cosine, out * sine, SHOULDER + up, cosine, sine


def grip_point(angles: Sequence[float], *, across: float, along: float) -> tuple[tuple[float, float, float], float]:
    """A point of the hand in the world, in m, and the direction in which the jaw opens, as a yaw in rad.

    `across` m from the hand's axis in the way the jaw opens, `along` m from the hand's origin towards the tip.
    """
    base, shoulder, elbow, wrist, roll = angles
    x, y, z, cosine, sine = tool_point(base, shoulder, elbow, wrist)
    pitch = shoulder + elbow + wrist
    pitch_c, pitch_s, roll_c, roll_s = cos(pitch), sin(pitch), cos(roll), sin(roll)
    jaw_out = roll_s * pitch_c
    jaw_x, jaw_y, jaw_z = roll_c * sine + jaw_out * cosine, jaw_out * sine - roll_c * cosine, -roll_s * pitch_s
    back = along - TIP
    point = (
        x + across * jaw_x + back * pitch_s * cosine,
        y + across * jaw_y + back * pitch_s * sine,
        z + across * jaw_z + back * pitch_c,
    )
    return point, atan2(jaw_y, jaw_x)
