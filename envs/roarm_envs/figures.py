"""The RoArm-M3 in figures: every length, limit and mass that the model is made of.

Source: the vendor's specification and firmware constants of the Waveshare RoArm-M3, a community URDF, and
measurements on real arms; where they disagree, the value measured as safe on real arms. Lengths in metres, angles
in radians, masses in kilograms, torques in newton metres. Every joint turns about its own +z axis.
"""

from dataclasses import dataclass
from math import pi

Vector = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class Joint:
    """One row of the chain: where a link sits in its parent, and how far, how fast and how hard it turns."""

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

CHAIN = (
    Joint(
        name="base",
        parent="base_link",
        child="link1",
        xyz=(0.0, 0.0, 0.0),
        rpy=(0.0, 0.0, 0.0),
        lower=-pi,
        upper=pi,
        torque=SERVO_TORQUE,
    ),
    Joint(
        name="shoulder",
        parent="link1",
        child="link2",
        xyz=(0.0, 0.0, 0.051959),
        rpy=(-pi / 2, -pi / 2, 0.0),
        lower=-1.30,
        upper=1.40,
        torque=2 * SERVO_TORQUE,  # two servos on one axis
    ),
    Joint(
        name="elbow",
        parent="link2",
        child="link3",
        xyz=(0.236815, 0.030002, 0.0),
        rpy=(0.0, 0.0, pi / 2),
        lower=-0.366,
        upper=2.95,
        torque=SERVO_TORQUE,
    ),
    Joint(
        name="wrist_pitch",
        parent="link3",
        child="link4",
        xyz=(0.0, -0.144586, 0.0),
        rpy=(0.0, 0.0, 0.0),
        lower=-1.57,
        upper=1.57,
        torque=SERVO_TORQUE,
    ),
    Joint(
        name="wrist_roll",
        parent="link4",
        child="link5",
        xyz=(0.015147, -0.053653, 0.0),
        rpy=(pi / 2, pi / 2, 0.0),
        lower=-pi,
        upper=pi,
        torque=SERVO_TORQUE,
    ),
    Joint(
        name="gripper",
        parent="link5",
        child="gripper_link",
        xyz=(0.0, 0.018821, 0.052035),
        rpy=(-pi / 2, -pi / 2, 0.0),
        lower=0.09,
        upper=1.54,
        torque=SERVO_TORQUE,
    ),
    Joint(
        name="tcp",
        parent="link5",
        child="hand_tcp",
        xyz=(0.0, 0.0, 0.115428),
        rpy=(pi / 2, -pi / 2, 0.0),
    ),
)

ARM_JOINTS = ("base", "shoulder", "elbow", "wrist_pitch", "wrist_roll")
GRIPPER_JOINT = "gripper"
HOME = (0.0, 0.0, pi / 2, 0.0, 0.0)  # rad, by ARM_JOINTS: upper arm upright, forearm level
GRIPPER_HOME = 0.09  # rad, as good as closed
GRIPPER_OPEN = 0.95  # rad: 35 mm between the jaws, wide enough for a cube of 30 mm

CONTROL_HZ = 20  # what the real arm accepts over its serial line without loss
MAX_TARGET_STEP = 0.10  # rad a control step: about 2 rad/s
SERVO_GAIN = 0.1  # position gain a physics step at 240 Hz: a lag of about 40 ms, as streamed real arms show


def joint(name: str) -> Joint:
    """Returns the chain's row of that name."""
    return next(row for row in CHAIN if row.name == name)


FIXED_JAW_FACE = -0.002  # m, along link5's x, which is the way the jaw opens
