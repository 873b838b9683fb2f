"""Forward kinematics in closed form, independent of the physics engine."""

from collections.abc import Sequence
from math import atan2, cos, sin

from roarm_envs import figures

# The arm in its vertical plane, (outwards, upwards) in m, with all joints at zero, that is upright.
SHOULDER = figures.joint("shoulder").xyz[2] + figures.BASE_HEIGHT
UPPER_UP, UPPER_OUT, _ = figures.joint("elbow").xyz
FOREARM_UP = -figures.joint("wrist_pitch").xyz[1]
HAND_OUT = figures.joint("wrist_roll").xyz[0]
TIP = figures.joint("tcp").xyz[2]  # along the hand, from its origin to the tool point
HAND_UP = -figures.joint("wrist_roll").xyz[1] + TIP


def wrist_height(shoulder: float, elbow: float) -> float:
    """The height of the wrist's pitch axis above the table, in m."""
    bent = shoulder + elbow
    return SHOULDER + UPPER_UP * cos(shoulder) - UPPER_OUT * sin(shoulder) + FOREARM_UP * cos(bent)


def tool_point(base: float, shoulder: float, elbow: float, wrist: float) -> tuple[float, float, float, float, float]:
    """The tool point in the world, x, y, z in m, and the base angle's cosine and sine, for angles in rad.

    Shoulder, elbow and wrist turn about parallel axes, so their angles add up; the wrist's roll does not move the
    tool point. Plain floats make the result independent of how many arms are computed together.
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

    `across` m from the hand's axis in the jaw's opening direction, `along` m from the hand's origin towards the tip.
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
