"""A PyBullet client with the table and the arm."""

from collections.abc import Sequence
from importlib.resources import files
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from roarm_envs import figures
from roarm_envs.sim.bullet import pybullet, quiet
from roarm_envs.sim.physics import Physics

BASE_LINK = -1
TABLE_HALF_SIZE = (0.8, 0.8, 0.02)  # m


class Thing(NamedTuple):
    """A cube in the scene."""

    edge: float  # m
    colour: tuple[float, float, float, float]
    position: tuple[float, float, float]  # m, of its centre
    orientation: tuple[float, float, float, float]  # x, y, z, w


def load_arm(client: int, asset: str, flags: int = 0) -> int:
    """Loads the arm into a client's world, standing on the table; returns its body."""
    body: int = pybullet.loadURDF(
        str(files("roarm_envs") / "assets" / asset),
        basePosition=(0, 0, figures.BASE_HEIGHT),
        useFixedBase=True,
        flags=flags,
        physicsClientId=client,
    )
    return body


class Sim:
    """A PyBullet client with a table top at z = 0 and the arm standing on it.

    Joints are addressed by their position in `joint_names`; angles are in rad, positions in m in the world's frame.
    """

    # With nine shapes, comparing all pairs is cheaper than a bounding-box tree and finds the same pairs.
    world_flags: ClassVar[int] = pybullet.RESET_USE_SIMPLE_BROADPHASE
    # Not URDF_MERGE_FIXED_LINKS: it moves the centre of mass of the link merged with the tool point to its origin.
    urdf_flags: ClassVar[int] = (
        pybullet.URDF_USE_INERTIA_FROM_FILE
        | pybullet.URDF_USE_SELF_COLLISION
        | pybullet.URDF_USE_SELF_COLLISION_EXCLUDE_PARENT
    )

    asset: ClassVar[str] = "roarm_m3.urdf"

    def __init__(self, physics: Physics | None = None) -> None:
        self.physics = physics or Physics()
        self._client: int = pybullet.connect(pybullet.DIRECT)
        self._set_up()
        self.table = self._load_table()
        self._arm = load_arm(self._client, self.asset, self.urdf_flags)
        self._index = self._joint_indices()
        self.joint_names = tuple(row.name for row in figures.CHAIN if row.turns)
        self._driven = [self._index[name] for name in self.joint_names]
        self._tool: int = self._index["tcp"]
        self._friction = 0.0  # N m
        self._torques, self._gains = self._servos(self.physics)
        self._at_rest = [(0.0,)] * len(self._driven)
        for index in self._driven:
            pybullet.changeDynamics(
                self._arm, index, maxJointVelocity=figures.SERVO_SPEED, physicsClientId=self._client
            )

    def _set_up(self) -> None:
        """An empty world whose `stepSimulation` is one control step."""
        pybullet.resetSimulation(flags=self.world_flags, physicsClientId=self._client)
        pybullet.setGravity(0, 0, -9.81, physicsClientId=self._client)
        pybullet.setPhysicsEngineParameter(
            fixedTimeStep=1 / figures.CONTROL_HZ,
            numSubSteps=self.physics.substeps,
            numSolverIterations=self.physics.iterations,
            deterministicOverlappingPairs=1,
            physicsClientId=self._client,
        )
        if self.physics.exact:
            with quiet(1):  # it prints the solver's name
                pybullet.setPhysicsEngineParameter(
                    constraintSolverType=pybullet.CONSTRAINT_SOLVER_LCP_DANTZIG,
                    globalCFM=self.physics.softness,
                    physicsClientId=self._client,
                )

    def _servos(self, physics: Physics) -> tuple[list[float], list[float]]:
        """Maximum torque and position gain of each driven joint, per step of that physics."""
        # The engine treats the torque as an impulse over the whole `fixedTimeStep` and allows it in each sub-step.
        share = physics.torque / physics.substeps
        torques = [share * (figures.joint(name).torque - self._friction) for name in self.joint_names]
        return torques, [physics.gain] * len(self._driven)

    def _load_table(self) -> int:
        shape = pybullet.createCollisionShape(
            pybullet.GEOM_BOX, halfExtents=TABLE_HALF_SIZE, physicsClientId=self._client
        )
        table: int = pybullet.createMultiBody(
            0, shape, basePosition=(0, 0, -TABLE_HALF_SIZE[2]), physicsClientId=self._client
        )
        return table

    def _joint_indices(self) -> dict[str, int]:
        count = pybullet.getNumJoints(self._arm, physicsClientId=self._client)
        infos = (pybullet.getJointInfo(self._arm, index, physicsClientId=self._client) for index in range(count))
        return {info[1].decode(): info[0] for info in infos}

    def burden(self, *, friction: float, payload: float) -> None:
        """Sets the friction of every joint (N m, which reduces its servo's torque) and the tool's payload (kg)."""
        self._friction = friction
        self._torques, self._gains = self._servos(self.physics)
        pybullet.changeDynamics(self._arm, self._tool, mass=payload, physicsClientId=self._client)

    @property
    def client(self) -> int:
        """The id of the PyBullet client; negative once it is closed."""
        return self._client

    @property
    def driven(self) -> list[int]:
        """The engine's indices of the joints, in the order of `joint_names`."""
        return self._driven

    def things(self) -> list[Thing]:
        """The objects besides the arm and the table."""
        return []

    def place(self, angles: Sequence[float]) -> None:
        """Puts every driven joint at its angle, at rest."""
        pybullet.resetJointStatesMultiDof(
            self._arm, self._driven, [(angle,) for angle in angles], self._at_rest, physicsClientId=self._client
        )

    def drive(self, targets: Sequence[float]) -> None:
        """Sets the position servos' targets, then simulates one control step."""
        pybullet.setJointMotorControlArray(
            self._arm,
            self._driven,
            pybullet.POSITION_CONTROL,
            targetPositions=targets,
            forces=self._torques,
            positionGains=self._gains,
            physicsClientId=self._client,
        )
        pybullet.stepSimulation(self._client)

    def joint_states(self) -> tuple[tuple[float, ...], ...]:
        """PyBullet's state of each driven joint: angle in rad, speed in rad/s, and reaction forces and torque."""
        states: tuple[tuple[float, ...], ...] = pybullet.getJointStates(self._arm, self._driven, self._client)
        return states

    def joints(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Angles in rad and speeds in rad/s of the driven joints."""
        states = self.joint_states()
        return np.array([state[0] for state in states]), np.array([state[1] for state in states])

    def tool(self) -> NDArray[np.float64]:
        """The tool point (3,) in m, computed from the current joints (the engine's own value lags one step)."""
        state = pybullet.getLinkState(self._arm, self._tool, computeForwardKinematics=1, physicsClientId=self._client)
        return np.array(state[4])

    def touches(self) -> bool:
        """Whether the arm touched the table or itself in the last physics step."""
        return bool(pybullet.getContactPoints(self._arm, physicsClientId=self._client))

    def clear(self, margin: float) -> bool:
        """Whether the arm's moving links are `margin` m or more from the table and from each other.

        Neighbours in the chain always touch and are ignored, as are the base and the table. Does not change the state
        or the contacts of the simulation.
        """
        near_table = pybullet.getClosestPoints(self._arm, self.table, margin, physicsClientId=self._client)
        if any(point[3] != BASE_LINK for point in near_table):
            return False
        links = range(BASE_LINK, self._tool)
        return not any(self._near(a, b, margin) for a in links for b in links if b - a > 1)

    def _near(self, a: int, b: int, margin: float) -> bool:
        return bool(
            pybullet.getClosestPoints(
                self._arm, self._arm, margin, linkIndexA=a, linkIndexB=b, physicsClientId=self._client
            )
        )

    def close(self) -> None:
        """Frees the client; closing twice is harmless."""
        if self._client >= 0:
            pybullet.disconnect(physicsClientId=self._client)
            self._client = -1
