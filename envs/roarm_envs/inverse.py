"""Inverse kinematics in closed form: joint angles for a tool point, and for a cube between the jaws."""

from collections.abc import Iterator
from math import acos, atan2, cos, hypot, pi, sin

from roarm_envs import figures
from roarm_envs.kinematics import FOREARM_UP, HAND_OUT, HAND_UP, SHOULDER, TIP, UPPER_OUT, UPPER_UP

Angles = tuple[float, float, float, float, float]  # rad, by `figures.ARM_JOINTS`
Point = tuple[float, float, float]  # m, in the world

DOWN = pi  # shoulder + elbow + wrist with the hand pointing straight down

_UPPER = hypot(UPPER_UP, UPPER_OUT)
_LEAN = atan2(UPPER_OUT, UPPER_UP)


def wrapped(angle: float) -> float:
    """The angle wrapped to ±pi."""
    return (angle + pi) % (2 * pi) - pi


def within_limits(angles: Angles, *, margin: float = 0.0) -> bool:
    """Whether every joint is within its limits, by `margin` rad."""
    joints = (figures.joint(name) for name in figures.ARM_JOINTS)
    return all(row.lower + margin <= angle <= row.upper - margin for row, angle in zip(joints, angles, strict=True))


def solutions(point: Point, *, pitch: float, roll: float = 0.0) -> Iterator[Angles]:
    """All poses with the tool point at `point` and the pitch joints summing to `pitch` rad, ignoring joint limits.

    The arm faces the point or turns its back on it, with the elbow above or below.
    """
    x, y, z = point
    for base, out in ((atan2(y, x), hypot(x, y)), (wrapped(atan2(y, x) + pi), -hypot(x, y))):
        wrist_out = out - HAND_OUT * cos(pitch) - HAND_UP * sin(pitch)
        wrist_up = z - SHOULDER + HAND_OUT * sin(pitch) - HAND_UP * cos(pitch)
        away = hypot(wrist_out, wrist_up)
        if not abs(_UPPER - FOREARM_UP) < away < _UPPER + FOREARM_UP:
            continue
        corner = acos((_UPPER**2 + away**2 - FOREARM_UP**2) / (2 * _UPPER * away))
        for side in (-corner, corner):
            lean = atan2(wrist_out, wrist_up) + side
            bent = atan2(wrist_out - _UPPER * sin(lean), wrist_up - _UPPER * cos(lean))
            shoulder = wrapped(lean - _LEAN)
            elbow = wrapped(bent - shoulder)
            yield base, shoulder, elbow, wrapped(pitch - shoulder - elbow), roll


def from_above(point: Point, yaw: float, *, across: float, along: float, roll: float = 0.0) -> Angles | None:
    """Angles that hold `point` between the jaws with the hand pointing down, None if it is out of reach.

    `point` lies `across` m from the hand's axis in the jaw's opening direction, and `along` m from the hand's origin
    towards the tip. The jaws close along `yaw` rad in the world, or at right angles to it if that turns the wrist less
    from `roll` rad.
    """
    best: Angles | None = None
    for quarter in range(4):
        jaw = yaw + quarter * pi / 2
        axis = (point[0] - across * cos(jaw), point[1] - across * sin(jaw), point[2] - (TIP - along))
        turned = wrapped(atan2(axis[1], axis[0]) - pi / 2 - jaw)
        if best is not None and abs(turned - roll) >= abs(best[4] - roll):
            continue
        best = next((found for found in solutions(axis, pitch=DOWN, roll=turned) if within_limits(found)), best)
    return best
