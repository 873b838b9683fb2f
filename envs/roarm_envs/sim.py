"""The doorway to PyBullet: one client with the table and the arm in it. Nothing else imports the engine."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from roarm_envs import figures


@contextlib.contextmanager
def _quiet_stderr() -> Iterator[None]:
    """Keeps the engine's build-time banner, written by C code when it is imported, off the terminal."""
    saved, sink = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(sink, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(sink)


with _quiet_stderr():
    import pybullet

BASE_LINK = -1
TABLE_HALF_SIZE = (0.8, 0.8, 0.02)  # m


@dataclass(frozen=True, kw_only=True)
class Physics:
    """How finely the engine computes.

    60 Hz with 50 solver iterations follows a 240 Hz reference with as many to about 0.02 rad at worst and 1 mm at the
    tool on average (`benchmarks/bench_physics.py`), as long as the servo's gain, which the engine applies per step,
    is scaled to the step. Fewer iterations leave the elbow, which carries most for its torque, up to 0.1 rad behind.
    """

    hz: int = 60
    iterations: int = 50

    @property
    def gain(self) -> float:
        """The position gain a step with the time constant that `SERVO_GAIN` has at 240 Hz."""
        return float(1.0 - (1.0 - figures.SERVO_GAIN) ** (240 / self.hz))

    @property
    def substeps(self) -> int:
        """Physics steps in one control step."""
        return self.hz // figures.CONTROL_HZ


class Sim:
    """A PyBullet client with a table top at z = 0 and the arm standing on it.

    Joints are addressed by their position in `joint_names`; angles are in rad, positions in m in the world's frame.
    """

    def __init__(self, physics: Physics | None = None) -> None:
        self.physics = physics or Physics()
        self._client: int = pybullet.connect(pybullet.DIRECT)
        pybullet.setGravity(0, 0, -9.81, physicsClientId=self._client)
        pybullet.setPhysicsEngineParameter(
            fixedTimeStep=1 / self.physics.hz,
            numSolverIterations=self.physics.iterations,
            deterministicOverlappingPairs=1,
            physicsClientId=self._client,
        )
        self._table = self._load_table()
        self._arm: int = pybullet.loadURDF(
            str(files("roarm_envs") / "assets" / "roarm_m3.urdf"),
            basePosition=(0, 0, figures.BASE_HEIGHT),
            useFixedBase=True,
            flags=pybullet.URDF_USE_INERTIA_FROM_FILE
            | pybullet.URDF_USE_SELF_COLLISION
            | pybullet.URDF_USE_SELF_COLLISION_EXCLUDE_PARENT,
            physicsClientId=self._client,
        )
        self._index = self._joint_indices()
        self.joint_names = tuple(row.name for row in figures.CHAIN if row.turns)
        self._driven = [self._index[name] for name in self.joint_names]
        self._tool: int = self._index["tcp"]
        self._torques = [figures.joint(name).torque for name in self.joint_names]
        self._gains = [self.physics.gain] * len(self._driven)
        self._steps = range(self.physics.substeps)
        self._at_rest = [(0.0,)] * len(self._driven)
        for index in self._driven:
            pybullet.changeDynamics(
                self._arm, index, maxJointVelocity=figures.SERVO_SPEED, physicsClientId=self._client
            )

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

    def place(self, angles: Sequence[float]) -> None:
        """Puts every driven joint at its angle, at rest."""
        pybullet.resetJointStatesMultiDof(
            self._arm, self._driven, [(angle,) for angle in angles], self._at_rest, physicsClientId=self._client
        )

    def drive(self, targets: Sequence[float]) -> None:
        """Gives the position servos their targets, then lets one control step of time pass."""
        pybullet.setJointMotorControlArray(
            self._arm,
            self._driven,
            pybullet.POSITION_CONTROL,
            targetPositions=targets,
            forces=self._torques,
            positionGains=self._gains,
            physicsClientId=self._client,
        )
        for _ in self._steps:
            pybullet.stepSimulation(self._client)

    def joint_states(self) -> tuple[tuple[float, ...], ...]:
        """For each driven joint its angle in rad, its speed in rad/s, and what else the engine tells."""
        states: tuple[tuple[float, ...], ...] = pybullet.getJointStates(self._arm, self._driven, self._client)
        return states

    def joints(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Angles in rad and speeds in rad/s of the driven joints."""
        states = self.joint_states()
        return np.array([state[0] for state in states]), np.array([state[1] for state in states])

    def tool(self) -> NDArray[np.float64]:
        """The tool point (3,), computed from the joints as they are now (the engine's own copy lags one step)."""
        state = pybullet.getLinkState(self._arm, self._tool, computeForwardKinematics=1, physicsClientId=self._client)
        return np.array(state[4])

    def touches(self) -> bool:
        """Whether the arm touched the table or itself in the last physics step."""
        return bool(pybullet.getContactPoints(self._arm, physicsClientId=self._client))

    def clear(self, margin: float) -> bool:
        """Whether the arm, as placed, keeps `margin` m between its moving links and the table, and among its links.

        Neighbours in the chain always touch and are left out, the base with the table likewise. Only asks: the state
        and the contacts of the simulation stay as they are.
        """
        near_table = pybullet.getClosestPoints(self._arm, self._table, margin, physicsClientId=self._client)
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
