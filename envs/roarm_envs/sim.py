"""The doorway to PyBullet: one client with the table and the arm in it. Nothing else imports the engine."""

import contextlib
import ctypes
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from roarm_envs import figures
from roarm_envs.errors import OptionError, check_count


@contextlib.contextmanager
def quiet(descriptor: int) -> Iterator[None]:
    """Keeps what the engine's C code writes to stdout (1) or stderr (2) off the terminal, for as short as can be."""
    try:
        saved = os.dup(descriptor)
    except OSError:  # closed: there is nothing to keep off
        yield
        return
    flush = ctypes.CDLL(None).fflush
    flush(None)
    sink = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(sink, descriptor)
        yield
    finally:
        flush(None)
        os.dup2(saved, descriptor)
        os.close(saved)
        os.close(sink)


with quiet(2):  # the build-time banner
    import pybullet

BASE_LINK = -1
TABLE_HALF_SIZE = (0.8, 0.8, 0.02)  # m


# Constraint force mixing for the exact solver: without any it gives up on some steps, as where a joint is at its full
# torque, and what comes of it hangs on the tenth decimal of the pose. From 1e-8 to 1e-4 free motion is the same.
SOFTNESS = 1e-7
FINEST_HZ = 240  # what `figures.SERVO_GAIN` is meant for


@dataclass(frozen=True, kw_only=True)
class Physics:
    """How finely the engine computes.

    Sixty steps a second with an exact solver stay within 3 mm at the tool and 0.015 rad at each joint of a reference
    of 240 Hz and 50 iterations of the stock solver (0.0076 rad, 2.2 mm), at half the price of 120 Hz with 10 iterations
    (`python benchmarks/bench_physics.py`; what else was tried stands in docs/decisions.md). Three things make it so:

    - `exact`: Dantzig's direct solver. The stock one, sequential impulses, converges slowly along a chain of parallel
      axes: after 50 iterations the elbow is up to 0.02 rad behind, and it costs more. Steps on which Dantzig's gives up
      are left to `iterations` of the stock one; `SOFTNESS` makes them rare.
    - The servo's gain, which the engine applies per step, scaled to the step.
    - `trimmed`: a coarse step starts at once at the speed that the fine ones reach in several. Torque is lowered
      until a joint at full torque comes as far in one control step as in the reference, the gain by one per cent for
      every fine step skipped.
    """

    hz: int = 60
    iterations: int = 50
    exact: bool = True
    trimmed: bool = True

    def __post_init__(self) -> None:
        check_count("hz", self.hz, low=figures.CONTROL_HZ, high=100 * figures.CONTROL_HZ)
        if self.hz % figures.CONTROL_HZ:
            raise OptionError(f"hz: {self.hz} must be a multiple of the control rate, {figures.CONTROL_HZ}")
        check_count("iterations", self.iterations, low=1, high=10_000)

    @property
    def substeps(self) -> int:
        """Physics steps in one control step."""
        return self.hz // figures.CONTROL_HZ

    @property
    def gain(self) -> float:
        """The position gain a step with the time constant that `SERVO_GAIN` has at 240 Hz."""
        skipped = FINEST_HZ / self.hz - 1.0 if self.trimmed else 0.0
        scaled = 1.0 - (1.0 - figures.SERVO_GAIN) ** (FINEST_HZ / self.hz)
        return float((1.0 - 0.01 * skipped) * scaled)

    @property
    def torque(self) -> float:
        """The share of the servos' torque that is used.

        At constant acceleration a, n semi-implicit steps in the time T lead to a T² (1 + 1/n) / 2.
        """
        finest = FINEST_HZ // figures.CONTROL_HZ
        return (1.0 + 1.0 / finest) / (1.0 + 1.0 / self.substeps) if self.trimmed else 1.0


class Sim:
    """A PyBullet client with a table top at z = 0 and the arm standing on it.

    Joints are addressed by their position in `joint_names`; angles are in rad, positions in m in the world's frame.
    """

    # For nine shapes, comparing all pairs is cheaper than a tree of boxes; the pairs found are the same.
    world_flags: ClassVar[int] = pybullet.RESET_USE_SIMPLE_BROADPHASE
    # Not URDF_MERGE_FIXED_LINKS: it moves the centre of mass of the link that takes up the tool point to its origin.
    urdf_flags: ClassVar[int] = (
        pybullet.URDF_USE_INERTIA_FROM_FILE
        | pybullet.URDF_USE_SELF_COLLISION
        | pybullet.URDF_USE_SELF_COLLISION_EXCLUDE_PARENT
    )

    def __init__(self, physics: Physics | None = None) -> None:
        self.physics = physics or Physics()
        self._client: int = pybullet.connect(pybullet.DIRECT)
        self._set_up()
        self._table = self._load_table()
        self._arm: int = pybullet.loadURDF(
            str(files("roarm_envs") / "assets" / "roarm_m3.urdf"),
            basePosition=(0, 0, figures.BASE_HEIGHT),
            useFixedBase=True,
            flags=self.urdf_flags,
            physicsClientId=self._client,
        )
        self._index = self._joint_indices()
        self.joint_names = tuple(row.name for row in figures.CHAIN if row.turns)
        self._driven = [self._index[name] for name in self.joint_names]
        self._tool: int = self._index["tcp"]
        # The engine takes a torque for an impulse in the whole of `fixedTimeStep`, and grants it to each sub-step.
        share = self.physics.torque / self.physics.substeps
        self._torques = [share * figures.joint(name).torque for name in self.joint_names]
        self._gains = [self.physics.gain] * len(self._driven)
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
            with quiet(1):  # it says which solver it has
                pybullet.setPhysicsEngineParameter(
                    constraintSolverType=pybullet.CONSTRAINT_SOLVER_LCP_DANTZIG,
                    globalCFM=SOFTNESS,
                    physicsClientId=self._client,
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
