"""The arm as a task sees it: five joints that follow targets, a closed gripper, a tool point."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from roarm_envs import figures
from roarm_envs.kinematics import tool_point, wrist_height
from roarm_envs.sim import Physics, Sim

Array = NDArray[np.float64]

LIMITS = tuple((figures.joint(name).lower, figures.joint(name).upper) for name in figures.ARM_JOINTS)  # rad
LOWER, UPPER = np.array(LIMITS).T  # (5,) rad


class Sensed(NamedTuple):
    """What the sensors say, in plain floats: for one arm NumPy takes several times as long."""

    angles: tuple[float, ...]  # 5, rad
    speeds: tuple[float, ...]  # 5, rad/s
    tool: tuple[float, float, float]  # m, in the world
    heading: tuple[float, float]  # cosine and sine of the base's angle
    touching: bool  # the table or itself


@dataclass(frozen=True, kw_only=True)
class ArmState:
    """`Sensed` as arrays, to calculate with."""

    angles: Array  # (5,) rad
    speeds: Array  # (5,) rad/s
    tool: Array  # (3,) m, in the world
    touching: bool  # the table or itself


class RoArm:
    """Drives the five arm joints by target increments, as the real arm is streamed at 20 Hz."""

    def __init__(self, physics: Physics | None = None) -> None:
        self.sim = Sim(physics)
        self._targets = list(figures.HOME)  # rad
        self.home()

    def home(self) -> ArmState:
        """Puts the arm at rest in its home pose, the targets with it."""
        self.place(figures.HOME)
        return _as_arrays(self.sense(touching=False))

    def place(self, angles: Sequence[float] | Array) -> None:
        """Puts the arm at rest at `angles` (5,) rad, the targets with it."""
        self._targets = [float(angle) for angle in angles]
        self.sim.place((*self._targets, figures.GRIPPER_HOME))

    def move(self, action: Array) -> ArmState:
        """Shifts the joint targets by `action` (5,) in [-1, 1], 1 being 0.10 rad, and lets one control step pass.

        Raises:
            ValueError: where the action is not finite, which the engine would never recover from.
        """
        (row,) = action_rows(np.asarray(action)[np.newaxis], count=1)
        return _as_arrays(self.follow(row))

    def follow(self, action: list[float]) -> Sensed:
        """As `move`, with an action that `action_rows` has checked."""
        targets = []
        for target, part, (lower, upper) in zip(self._targets, action, LIMITS, strict=True):
            wanted = target + part * figures.MAX_TARGET_STEP
            targets.append(lower if wanted < lower else upper if wanted > upper else wanted)
        self._targets = targets
        self.sim.drive((*targets, figures.GRIPPER_HOME))
        return self.sense(touching=self.sim.touches())

    def sense(self, *, touching: bool) -> Sensed:
        """What the joints say now."""
        # Unpacked by hand, which is the quickest; `_` is what the engine tells besides, and the gripper.
        (a, u, _, _), (b, v, _, _), (c, w, _, _), (d, x, _, _), (e, y, _, _), _ = self.sim.joint_states()
        tool_x, tool_y, tool_z, cosine, sine = tool_point(a, b, c, d)
        return Sensed((a, b, c, d, e), (u, v, w, x, y), (tool_x, tool_y, tool_z), (cosine, sine), touching)

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

    def close(self) -> None:
        """Frees the simulation."""
        self.sim.close()


def action_rows(actions: NDArray[Any], *, count: int) -> list[list[float]]:
    """The actions (count, 5) as lists, each number cut to [-1, 1].

    Raises:
        ValueError: where one is not finite or has another shape.
    """
    wanted = (count, len(figures.ARM_JOINTS))
    if actions.shape != wanted:
        raise ValueError(f"action of shape {actions.shape} must be of shape {wanted}, an arm a row")
    rows: list[list[float]] = actions.tolist()
    for row in rows:
        if not isfinite(sum(row)) and not all(map(isfinite, row)):
            raise ValueError(f"action {row} must be finite")
    # Comparisons, since min and max take thrice as long.
    return [[1.0 if part > 1.0 else -1.0 if part < -1.0 else part for part in row] for row in rows]


def _as_arrays(sensed: Sensed) -> ArmState:
    angles, speeds, tool = (np.array(part) for part in sensed[:3])
    return ArmState(angles=angles, speeds=speeds, tool=tool, touching=sensed.touching)
