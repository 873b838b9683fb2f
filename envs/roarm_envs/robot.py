"""The arm as tasks use it: five joints that follow targets, a closed gripper, a tool point."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from roarm_envs import figures
from roarm_envs.kinematics import tool_point, wrist_height
from roarm_envs.sim import Physics, Sim

Array = NDArray[np.float64]

LIMITS = tuple((figures.joint(name).lower, figures.joint(name).upper) for name in figures.ARM_JOINTS)  # rad
LOWER, UPPER = np.array(LIMITS).T  # (5,) rad


class Sensed(NamedTuple):
    """The sensors' readings, in plain floats: for one arm NumPy is several times slower."""

    angles: tuple[float, ...]  # 5, rad
    speeds: tuple[float, ...]  # 5, rad/s
    tool: tuple[float, float, float]  # m, in the world
    heading: tuple[float, float]  # cosine and sine of the base's angle
    touching: bool  # the table or itself


class RoArm:
    """Drives the five arm joints by target increments, as the real arm is streamed at 20 Hz."""

    limits: ClassVar[tuple[tuple[float, float], ...]] = LIMITS

    def __init__(self, physics: Physics | None = None) -> None:
        self.sim = Sim(physics)
        self.targets = list(figures.HOME)  # rad
        self.backlash: Backlash | None = None
        self.place(figures.HOME)

    def place(self, angles: Sequence[float] | Array) -> None:
        """Puts arm and targets at `angles` (5,) rad, at rest."""
        self.targets = [float(angle) for angle in angles]
        self.sim.place((*self.targets, figures.GRIPPER_HOME))

    def follow(self, action: list[float]) -> Sensed:
        """One control step with an action checked by `action_rows`: shifts the targets, 1 being 0.10 rad."""
        self.shift(action)
        self.sim.drive((*self.geared(self.targets), figures.GRIPPER_HOME))
        return self.sense(touching=self.sim.touches())

    def shift(self, action: list[float]) -> None:
        """Shifts the joint targets by an action, within the limits."""
        targets = []
        for target, part, (lower, upper) in zip(self.targets, action, self.limits, strict=True):
            wanted = target + part * figures.MAX_TARGET_STEP
            targets.append(lower if wanted < lower else upper if wanted > upper else wanted)
        self.targets = targets

    def geared(self, targets: list[float]) -> list[float]:
        """The targets after backlash, if there is any."""
        return targets if self.backlash is None else self.backlash.follow(targets)

    def sense(self, *, touching: bool) -> Sensed:
        """The current readings."""
        # Unpacked by hand for speed; `_` are values that are not needed, and the gripper.
        (a, u, _, _), (b, v, _, _), (c, w, _, _), (d, x, _, _), (e, y, _, _), _ = self.sim.joint_states()
        tool_x, tool_y, tool_z, cosine, sine = tool_point(a, b, c, d)
        return Sensed((a, b, c, d, e), (u, v, w, x, y), (tool_x, tool_y, tool_z), (cosine, sine), touching)

    def tool(self) -> tuple[float, float, float]:
        """The tool point, in m."""
        a, b, c, d = [state[0] for state in self.sim.joint_states()[:4]]
        x, y, z, *_ = tool_point(a, b, c, d)
        return x, y, z

    def random_pose(self, rng: np.random.Generator, *, base: float, min_height: float, margin: float) -> Array:
        """Places the arm in a random pose that keeps clear of the table and of itself; returns the tool point (3,).

        Joint angles are uniform within the limits, the base within ±`base` rad; poses with the tool point under
        `min_height` m or any part within `margin` m of a collision are drawn again.
        """
        lower, upper = LOWER.copy(), UPPER.copy()
        lower[0], upper[0] = -base, base
        span = upper - lower
        while True:
            angles = lower + span * rng.random(len(lower))  # what `uniform` does, at a quarter of its time
            turn, shoulder, elbow, wrist, _ = angles.tolist()
            x, y, z, *_ = tool_point(turn, shoulder, elbow, wrist)
            # The wrist's axis lies inside the forearm: if it is in the table, the pose collides.
            if z < min_height or wrist_height(shoulder, elbow) < margin:
                continue
            self.place(angles)
            if self.sim.clear(margin):
                return np.array([x, y, z])

    def vary(self, drawn: Mapping[str, float]) -> None:
        """Applies the drawn joint friction and payload, 0 if not drawn."""
        self.sim.burden(friction=drawn.get("joint_friction", 0.0), payload=drawn.get("payload", 0.0))

    def mesh(self, play: float) -> None:
        """Sets the backlash of the gears, in rad, from the current pose on."""
        self.backlash = Backlash(play, self.targets) if play else None

    def blur(self, sensed: Any, errors: list[float]) -> Any:
        """The readings if the encoders were off by `errors` (5) rad: changes angles and tool point."""
        angles = tuple([angle + error for angle, error in zip(sensed.angles, errors, strict=True)])
        x, y, z, cosine, sine = tool_point(*angles[:4])
        return sensed._replace(angles=angles, tool=(x, y, z), heading=(cosine, sine))

    def close(self) -> None:
        """Frees the simulation."""
        self.sim.close()


class Backlash:
    """Gears with backlash: the output stays where it is until the target has crossed the play."""

    def __init__(self, play: float, at: list[float]) -> None:
        self._half = play / 2  # rad
        self._at = list(at)  # rad

    def follow(self, targets: list[float]) -> list[float]:
        """The outputs, in rad, when the motors go to `targets` rad."""
        half = self._half
        self._at = [min(max(at, target - half), target + half) for at, target in zip(self._at, targets, strict=True)]
        return self._at


def action_rows(actions: NDArray[Any], *, count: int, size: int = len(figures.ARM_JOINTS)) -> list[list[float]]:
    """The actions (count, size) as lists, each number clipped to [-1, 1].

    Raises:
        ValueError: if one is not finite or has another shape.
    """
    wanted = (count, size)
    if actions.shape != wanted:
        raise ValueError(f"action of shape {actions.shape} must be of shape {wanted}, one row per arm")
    rows: list[list[float]] = actions.tolist()
    for row in rows:
        if not isfinite(sum(row)) and not all(map(isfinite, row)):
            raise ValueError(f"action {row} must be finite")
    # Comparisons, since min and max take three times as long.
    return [[1.0 if part > 1.0 else -1.0 if part < -1.0 else part for part in row] for row in rows]
