"""The RoArm-M3's dimensions, limits and other constants.

Source: the vendor's specification and firmware constants of the Waveshare RoArm-M3, a community URDF, and
measurements on real arms; if they disagree, the value measured as safe on real arms. Lengths in metres, angles
in radians, masses in kilograms, torques in newton metres. Every joint turns about its own +z axis.
"""

from dataclasses import dataclass
from math import pi

Vector = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class Joint:
    """A joint of the kinematic chain: the child link's pose in its parent, its limits and its torque."""

    name: str
    parent: str
    child: str
    xyz: Vector  # m, in the parent's frame
    rpy: Vector  # rad, fixed-axis roll, pitch, yaw
    lower: float = 0.0  # rad
    upper: float = 0.0  # rad
    torque: float = 0.0  # N m; 0 for a fixed joint

    @property
    def turns(self) -> bool:
        """Whether a servo drives this joint."""
        return self.torque > 0


SERVO_TORQUE = 2.94  # N m, ST3235 at 12 V, stalled
SERVO_SPEED = 4.71  # rad/s without load (45 RPM)

BASE_HEIGHT = 0.0701  # m, table to base_link

TURN = pi / 2  # rad, a quarter

# The shoulder has two servos on one axis; the tool centre point is a fixed joint.
CHAIN = tuple(
    Joint(name=name, parent=parent, child=child, xyz=xyz, rpy=rpy, lower=lower, upper=upper, torque=torque)
    for name, parent, child, xyz, rpy, lower, upper, torque in (
        ("base", "base_link", "link1", (0.0, 0.0, 0.0), (0.0, 0.0, 0.0), -pi, pi, SERVO_TORQUE),
        ("shoulder", "link1", "link2", (0.0, 0.0, 0.051959), (-TURN, -TURN, 0.0), -1.30, 1.40, 2 * SERVO_TORQUE),
        ("elbow", "link2", "link3", (0.236815, 0.030002, 0.0), (0.0, 0.0, TURN), -0.366, 2.95, SERVO_TORQUE),
        ("wrist_pitch", "link3", "link4", (0.0, -0.144586, 0.0), (0.0, 0.0, 0.0), -1.57, 1.57, SERVO_TORQUE),
        ("wrist_roll", "link4", "link5", (0.015147, -0.053653, 0.0), (TURN, TURN, 0.0), -pi, pi, SERVO_TORQUE),
        ("gripper", "link5", "gripper_link", (0.0, 0.018821, 0.052035), (-TURN, -TURN, 0.0), 0.09, 1.54, SERVO_TORQUE),
        ("tcp", "link5", "hand_tcp", (0.0, 0.0, 0.115428), (TURN, -TURN, 0.0), 0.0, 0.0, 0.0),
    )
)

ARM_JOINTS = ("base", "shoulder", "elbow", "wrist_pitch", "wrist_roll")
GRIPPER_JOINT = "gripper"
HOME = (0.0, 0.0, pi / 2, 0.0, 0.0)  # rad, by ARM_JOINTS: upper arm upright, forearm level
GRIPPER_HOME = 0.09  # rad, practically closed
GRIPPER_OPEN = 0.95  # rad: 35 mm between the jaws, wide enough for a cube of 30 mm

CONTROL_HZ = 20  # the rate that the real arm accepts over its serial line without loss
MAX_TARGET_STEP = 0.10  # rad per control step: about 2 rad/s
SERVO_GAIN = 0.1  # position gain per physics step at 240 Hz: a lag of about 40 ms, as on real arms


def joint(name: str) -> Joint:
    """The joint of that name."""
    return next(row for row in CHAIN if row.name == name)


FIXED_JAW_FACE = -0.002  # m, along link5's x, the direction in which the jaw opens
