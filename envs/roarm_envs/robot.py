"""The arm as a task sees it: five joints that follow targets, a closed gripper, a tool point."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roarm_envs import figures
from roarm_envs.sim import Physics, Sim

Array = NDArray[np.float64]

LOWER = np.array([figures.joint(name).lower for name in figures.ARM_JOINTS])  # (5,) rad
UPPER = np.array([figures.joint(name).upper for name in figures.ARM_JOINTS])  # (5,) rad


@dataclass(frozen=True, kw_only=True)
class ArmState:
    """What the arm's sensors say after a control step."""

    angles: Array  # (5,) rad
    speeds: Array  # (5,) rad/s
    tool: Array  # (3,) m, in the world
    touching: bool  # the table or itself


class RoArm:
    """Drives the five arm joints by target increments, as the real arm is streamed at 20 Hz."""

    def __init__(self, physics: Physics | None = None) -> None:
        self.sim = Sim(physics)
        self._targets = np.array(figures.HOME)

    def home(self) -> ArmState:
        """Puts the arm at rest in its home pose, the targets with it."""
        self.place(np.array(figures.HOME))
        return self._state(touching=False)

    def place(self, angles: Array) -> None:
        """Puts the arm at rest at `angles` (5,) rad, the targets with it."""
        self._targets = np.array(angles, dtype=float)
        self.sim.place((*angles, figures.GRIPPER_HOME))

    def move(self, action: Array) -> ArmState:
        """Shifts the joint targets by `action` (5,) in [-1, 1], 1 being 0.10 rad, and lets one control step pass.

        Raises:
            ValueError: where the action is not finite, which the engine would never recover from.
        """
        if not np.isfinite(action).all():
            raise ValueError(f"action {action} must be finite")
        step = np.clip(action, -1.0, 1.0) * figures.MAX_TARGET_STEP
        self._targets = np.clip(self._targets + step, LOWER, UPPER)
        self.sim.drive((*self._targets, figures.GRIPPER_HOME))
        return self._state(touching=self.sim.touches())

    def random_pose(self, rng: np.random.Generator, *, base: float, min_height: float, margin: float) -> Array:
        """Places the arm in a random pose that keeps clear of the table and of itself; returns the tool point (3,).

        Joint angles are uniform within the limits, the base within ±`base` rad; poses with the tool point under
        `min_height` m or any part within `margin` m of a collision are drawn again.
        """
        lower, upper = LOWER.copy(), UPPER.copy()
        lower[0], upper[0] = -base, base
        while True:
            self.place(rng.uniform(lower, upper))
            tool = self.sim.tool()
            if tool[2] >= min_height and self.sim.clear(margin):
                return tool

    def _state(self, *, touching: bool) -> ArmState:
        angles, speeds = self.sim.joints()
        return ArmState(angles=angles[:5], speeds=speeds[:5], tool=self.sim.tool(), touching=touching)

    def close(self) -> None:
        """Frees the simulation."""
        self.sim.close()
