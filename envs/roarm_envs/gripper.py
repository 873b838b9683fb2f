"""The arm with its gripper, as tasks use it: six joints that follow targets, two jaws with contact sensing, a cube."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import atan2, dist
from typing import ClassVar, NamedTuple

from roarm_envs import figures
from roarm_envs.kinematics import grip_point, tool_point
from roarm_envs.robot import LIMITS, Array, RoArm
from roarm_envs.sim import Contacts, Cube, GripperSim, Physics

JAW_LIMITS = (figures.joint(figures.GRIPPER_JOINT).lower, figures.joint(figures.GRIPPER_JOINT).upper)  # rad
GRIP_ACROSS, GRIP_ALONG = 0.0105, 0.100  # m: the middle of a cube of 25 mm that is gripped from above
NEAR = 0.08  # m between grip and cube, below which the finer physics is used

Point = tuple[float, float, float]


class Handling(NamedTuple):
    """The sensors' readings and the cube's pose."""

    angles: tuple[float, ...]  # 5, rad
    speeds: tuple[float, ...]  # 5, rad/s
    tool: Point  # m, in the world
    heading: tuple[float, float]  # cosine and sine of the base's angle
    touching: bool  # the table or itself
    opening: float  # rad, the moving jaw
    grip: Point  # m, in the world: the middle between the jaws
    cube: Point  # m, in the world: its centre
    turn: float  # rad, the cube's yaw relative to the direction in which the jaw opens
    fixed: bool  # the fixed jaw presses on the cube
    moving: bool  # the moving jaw does


class GripperArm(RoArm):
    """`RoArm` with a sixth joint, the jaw."""

    sim: GripperSim
    limits: ClassVar[tuple[tuple[float, float], ...]] = (*LIMITS, JAW_LIMITS)

    def __init__(self, cube: Cube | None = None, physics: Physics | None = None) -> None:
        self.sim = GripperSim(physics, cube)
        self.targets = [*figures.HOME, figures.GRIPPER_OPEN]
        self.backlash = None
        self._near = False

    def place(self, angles: Sequence[float] | Array) -> None:
        """Puts arm and targets at `angles` rad, at rest; with five angles the jaw is open."""
        given = [float(angle) for angle in angles]
        self.targets = given if len(given) == len(self.limits) else [*given, figures.GRIPPER_OPEN]
        self.sim.place(self.targets)

    def follow(self, action: list[float]) -> Handling:  # type: ignore[override]
        """One control step with an action (6) that `action_rows` has checked."""
        self.shift(action)
        self.sim.refine(fine=self._near)
        self.sim.drive(self.geared(self.targets))
        return self._sense(self.sim.contacts())

    def sense(self, *, touching: bool) -> Handling:  # type: ignore[override]
        """The current readings, without contacts of the jaws."""
        return self._sense(Contacts(touching, fixed=False, moving=False))

    def vary(self, drawn: Mapping[str, float]) -> None:
        """As `RoArm.vary`, and also the cube's size, mass and friction."""
        super().vary(drawn)
        values = {name: drawn[f"object_{name}"] for name in ("edge", "mass", "friction") if f"object_{name}" in drawn}
        if values:
            self.sim.take_cube(replace(self.sim.cube, **values))

    def blur(self, sensed: Handling, errors: list[float]) -> Handling:
        """As `RoArm.blur`, and also the grip point and the cube's yaw relative to the jaw."""
        believed: Handling = super().blur(sensed, errors)
        (_, was), (grip, jaw) = (
            grip_point(angles, across=GRIP_ACROSS, along=GRIP_ALONG) for angles in (sensed.angles, believed.angles)
        )
        return believed._replace(grip=grip, turn=sensed.turn + was - jaw)

    def _sense(self, contacts: Contacts) -> Handling:
        states = self.sim.joint_states()
        *angles, opening = [state[0] for state in states]
        x, y, z, cosine, sine = tool_point(*angles[:4])
        grip, jaw = grip_point(angles, across=GRIP_ACROSS, along=GRIP_ALONG)
        cube, (i, j, k, real) = self.sim.cube_pose()
        self._near = dist(grip, cube) < NEAR
        yaw = atan2(2.0 * (real * k + i * j), 1.0 - 2.0 * (j * j + k * k))
        return Handling(
            tuple(angles),
            tuple([state[1] for state in states[:5]]),
            (x, y, z),
            (cosine, sine),
            contacts.touching,
            opening,
            grip,
            cube,
            yaw - jaw,
            contacts.fixed,
            contacts.moving,
        )
