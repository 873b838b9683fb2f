"""The arm as a task sees it: five joints that follow targets, a closed gripper, a tool point."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from roarm_envs import figures
from roarm_envs.kinematics import tool_point, wrist_height
from roarm_envs.sim import Physics, Sim

Array = NDArray[np.float64]

LOWER = np.array([figures.joint(name).lower for name in figures.ARM_JOINTS])  # (5,) rad
UPPER = np.array([figures.joint(name).upper for name in figures.ARM_JOINTS])  # (5,) rad


@dataclass(frozen=True, kw_only=True)
class ArmState:
    """What one arm's sensors say after a control step."""

    angles: Array  # (5,) rad
    speeds: Array  # (5,) rad/s
    tool: Array  # (3,) m, in the world
    touching: bool  # the table or itself


class ArmStates:
    """What the sensors of n arms say, one row an arm. The named arrays are views of `sensed` and change with it."""

    def __init__(self, sensed: Array, touching: NDArray[np.bool_], targets: Array) -> None:
        self.sensed = sensed  # (n, 15): the next four, side by side
        self.angles = sensed[:, :5]  # rad
        self.speeds = sensed[:, 5:10]  # rad/s
        self.tools = sensed[:, 10:13]  # m, in the world
        self.heading = sensed[:, 13:]  # cosine and sine of the base's angle
        self.touching = touching  # (n,): the table or itself
        self.targets = targets  # (n, 5) rad: where the servos are sent

    @classmethod
    def of(cls, count: int) -> "ArmStates":
        """Room for `count` arms."""
        return cls(np.zeros((count, 15)), np.zeros(count, dtype=bool), np.zeros((count, 5)))

    def row(self, index: int) -> "ArmStates":
        """The states of one arm, (1, ...), sharing memory with these."""
        rows = slice(index, index + 1)
        return ArmStates(self.sensed[rows], self.touching[rows], self.targets[rows])


class RoArm:
    """Drives the five arm joints by target increments, as the real arm is streamed at 20 Hz."""

    def __init__(self, physics: Physics | None = None) -> None:
        self.sim = Sim(physics)
        self.states = ArmStates.of(1)  # may be rebound to a row of a larger one
        self.home()

    def home(self) -> ArmState:
        """Puts the arm at rest in its home pose, the targets with it."""
        self.place(np.array(figures.HOME))
        self.states.sensed[0] = self.sense()
        self.states.touching[0] = False
        return self._state()

    def place(self, angles: Array) -> None:
        """Puts the arm at rest at `angles` (5,) rad, the targets with it."""
        self.states.targets[0] = angles
        self.sim.place((*angles, figures.GRIPPER_HOME))

    def move(self, action: Array) -> ArmState:
        """Shifts the joint targets by `action` (5,) in [-1, 1], 1 being 0.10 rad, and lets one control step pass.

        Raises:
            ValueError: where the action is not finite, which the engine would never recover from.
        """
        move((self,), self.states, np.asarray(action, dtype=np.float64)[np.newaxis])
        return self._state()

    def sense(self) -> tuple[float, ...]:
        """The arm's row of `ArmStates.sensed`, as it is now."""
        (a, u, *_), (b, v, *_), (c, w, *_), (d, x, *_), (e, y, *_), *_ = self.sim.joint_states()
        return a, b, c, d, e, u, v, w, x, y, *tool_point(a, b, c, d)

    def random_pose(self, rng: np.random.Generator, *, base: float, min_height: float, margin: float) -> Array:
        """Places the arm in a random pose that keeps clear of the table and of itself; returns the tool point (3,).

        Joint angles are uniform within the limits, the base within ±`base` rad; poses with the tool point under
        `min_height` m or any part within `margin` m of a collision are drawn again.
        """
        lower, upper = LOWER.copy(), UPPER.copy()
        lower[0], upper[0] = -base, base
        while True:
            angles = rng.uniform(lower, upper)
            turn, shoulder, elbow, wrist, _ = angles.tolist()
            x, y, z, *_ = tool_point(turn, shoulder, elbow, wrist)
            # The wrist's axis lies inside the forearm: a pose that puts it in the table is not worth asking about.
            if z < min_height or wrist_height(shoulder, elbow) < margin:
                continue
            self.place(angles)
            if self.sim.clear(margin):
                return np.array([x, y, z])

    def _state(self) -> ArmState:
        (row,), (touching,) = self.states.sensed.copy(), self.states.touching.tolist()
        return ArmState(angles=row[:5], speeds=row[5:10], tool=row[10:13], touching=touching)

    def close(self) -> None:
        """Frees the simulation."""
        self.sim.close()


def move(arms: Sequence[RoArm], states: ArmStates, actions: Array) -> None:
    """Shifts the targets of n arms by `actions` (n, 5), lets one control step pass in each, and reads their sensors.

    Raises:
        ValueError: where an action is not finite or has another shape; nothing has moved then.
    """
    targets = states.targets
    if actions.shape != targets.shape:
        raise ValueError(f"action of shape {actions.shape[1:]} must be one of {targets.shape[1:]} for each arm")
    if not isfinite(np.vdot(actions, actions)) and not np.isfinite(actions).all():
        broken = next(action for action in actions.tolist() if not all(map(isfinite, action)))
        raise ValueError(f"action {broken} must be finite")
    steps = np.maximum(actions, -1.0)
    np.minimum(steps, 1.0, out=steps)
    steps *= figures.MAX_TARGET_STEP
    targets += steps
    np.maximum(targets, LOWER, out=targets)
    np.minimum(targets, UPPER, out=targets)
    sensed, touching = [], []
    for arm, wanted in zip(arms, targets.tolist(), strict=True):
        arm.sim.drive((*wanted, figures.GRIPPER_HOME))
        sensed.append(arm.sense())
        touching.append(arm.sim.touches())
    states.sensed[:] = sensed
    states.touching[:] = touching
