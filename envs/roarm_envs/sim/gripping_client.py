"""The client for tasks with the gripper: jaws with separate contacts, and a cube on the table."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from roarm_envs import figures
from roarm_envs.sim.arm import BASE_LINK, Sim, Thing
from roarm_envs.sim.bullet import pybullet
from roarm_envs.sim.physics import Physics

# Finer while the hand is at the cube. With velocity constraints, a body carried along a curve drifts outwards, more so
# with coarser steps; friction anchors pull it back, and this softness keeps the exact solver from failing on the
# eight contacts of a cube between two jaws. Alternatives that were tried: docs/explanation/physics.md.
GRIPPING = Physics(hz=120, softness=3e-3)
ANCHOR_PULL = 0.7  # share of a drift that an anchor corrects in a step
FIRMNESS = 0.3  # share of a penetration corrected per step: at full torque the jaws sink about 2 mm into a cube

# The engine multiplies the friction of two bodies: with 1 here, the cube's value is what counts.
GROUND_FRICTION = 1.0
CUBE_COLOUR = (0.16, 0.40, 0.78, 1.0)
Position = tuple[float, float, float]  # m, in the world
Quaternion = tuple[float, float, float, float]  # x, y, z, w
PARKED = (0.0, 5.0, 5.0)  # m


@dataclass(frozen=True, kw_only=True)
class Cube:
    """The object that the arm grips."""

    edge: float = 0.025  # m
    mass: float = 0.02  # kg
    friction: float = 0.8  # against jaws and table


class Contacts(NamedTuple):
    """The contacts in the last physics step."""

    touching: bool  # the arm against the table or itself
    fixed: bool  # the fixed jaw against the cube
    moving: bool  # the moving jaw against the cube


class GripperSim(Sim):
    """`Sim` with jaws and a cube; `refine` switches between coarse and fine physics."""

    asset: ClassVar[str] = "roarm_m3_gripper.urdf"
    gripping: ClassVar[Physics] = GRIPPING
    anchor_pull: ClassVar[float] = ANCHOR_PULL
    firmness: ClassVar[float] = FIRMNESS

    def __init__(self, physics: Physics | None = None, cube: Cube | None = None) -> None:
        super().__init__(physics)
        self.fine = False
        self._jaw = self._index[figures.GRIPPER_JOINT]
        # The jaw's lower limit is where the jaws meet, so that they need no collision between them.
        pybullet.setCollisionFilterPair(self._arm, self._arm, self._tool, self._jaw, 0, physicsClientId=self._client)
        self._rub(self.table, BASE_LINK, GROUND_FRICTION)
        for link in (self._tool, self._jaw):
            self._rub(self._arm, link, GROUND_FRICTION)
        pybullet.setPhysicsEngineParameter(
            frictionERP=self.anchor_pull, contactERP=self.firmness, physicsClientId=self._client
        )
        self._cubes: dict[float, int] = {}
        self._cube = -1
        self.take_cube(cube or Cube())

    def forget(self) -> None:
        """Clears the engine's cached contacts of the cube, which would affect the next episode."""
        pybullet.setCollisionFilterGroupMask(self._cube, BASE_LINK, 1, -1, physicsClientId=self._client)

    def refine(self, *, fine: bool) -> None:
        """Switches to fine physics, or back to coarse."""
        if fine == self.fine:
            return
        self.fine = fine
        physics = self.gripping if fine else self.physics
        self._torques, self._gains = self._servos(physics)
        pybullet.setPhysicsEngineParameter(
            fixedTimeStep=1 / figures.CONTROL_HZ,
            numSubSteps=physics.substeps,
            globalCFM=physics.softness,
            physicsClientId=self._client,
        )

    def burden(self, *, friction: float, payload: float) -> None:
        """As `Sim.burden`; the physics is coarse afterwards."""
        self.refine(fine=False)
        super().burden(friction=friction, payload=payload)

    def take_cube(self, cube: Cube) -> None:
        """Replaces the cube. Keeps one body per edge length, since the engine leaks memory of removed bodies."""
        if cube.edge not in self._cubes:
            self._cubes[cube.edge] = self._make_cube(cube.edge)
        if self._cubes[cube.edge] != self._cube and self._cube >= 0:
            self._put_away()
        self.cube, self._cube = cube, self._cubes[cube.edge]
        self.forget()
        pybullet.changeDynamics(
            self._cube,
            BASE_LINK,
            mass=cube.mass,
            lateralFriction=cube.friction,
            frictionAnchor=1,
            physicsClientId=self._client,
        )

    def place_cube(self, position: Position, orientation: Quaternion) -> None:
        """Places the cube, at rest, with its centre at `position` and the given orientation."""
        pybullet.resetBasePositionAndOrientation(self._cube, position, orientation, self._client)
        pybullet.resetBaseVelocity(self._cube, (0, 0, 0), (0, 0, 0), self._client)

    def cube_pose(self) -> tuple[Position, Quaternion]:
        """The position of the cube's centre and its orientation."""
        position, orientation = pybullet.getBasePositionAndOrientation(self._cube, self._client)
        return position, orientation

    def things(self) -> list[Thing]:
        """The cube."""
        return [Thing(self.cube.edge, CUBE_COLOUR, *self.cube_pose())]

    def contacts(self) -> Contacts:
        """The contacts with a force; a cube near a jaw but not pressed by it is not in contact."""
        touching = fixed = moving = False
        for point in pybullet.getContactPoints(self._arm, physicsClientId=self._client):
            if point[9] <= 0.0:  # its force
                continue
            if self._cube not in (point[1], point[2]):
                touching = True
            elif point[3] == self._tool:
                fixed = True
            elif point[3] == self._jaw:
                moving = True
        return Contacts(touching, fixed, moving)

    def touches(self) -> bool:
        """Whether the arm pressed on the table or itself in the last physics step."""
        return self.contacts().touching

    def _rub(self, body: int, link: int, friction: float) -> None:
        pybullet.changeDynamics(body, link, lateralFriction=friction, frictionAnchor=1, physicsClientId=self._client)

    def _make_cube(self, edge: float) -> int:
        half = [edge / 2] * 3
        shape = pybullet.createCollisionShape(pybullet.GEOM_BOX, halfExtents=half, physicsClientId=self._client)
        looks = pybullet.createVisualShape(
            pybullet.GEOM_BOX, halfExtents=half, rgbaColor=CUBE_COLOUR, physicsClientId=self._client
        )
        body: int = pybullet.createMultiBody(1.0, shape, looks, basePosition=PARKED, physicsClientId=self._client)
        return body

    def _put_away(self) -> None:
        """Moves the current cube far away and disables its collisions."""
        pybullet.setCollisionFilterGroupMask(self._cube, BASE_LINK, 0, 0, physicsClientId=self._client)
        pybullet.changeDynamics(self._cube, BASE_LINK, mass=0.0, physicsClientId=self._client)
        self.place_cube(PARKED, (0.0, 0.0, 0.0, 1.0))
