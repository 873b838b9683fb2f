"""Writes the arm's URDF from the figures: `python -m roarm_envs.urdf > assets/roarm_m3.urdf`.

Links are primitive shapes. A link's inertial is that of its shell (mass, centre and principal inertias as
published) together with the servos that sit in it, each a solid box.
"""

import sys
from dataclasses import dataclass
from xml.etree import ElementTree as Xml

import numpy as np
from numpy.typing import NDArray

from roarm_envs import figures
from roarm_envs.figures import Vector


@dataclass(frozen=True, kw_only=True)
class Body:
    """A rigid part with principal axes along the link's frame."""

    mass: float  # kg
    centre: Vector  # m
    inertia: Vector  # kg m², about its own centre


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A primitive: a box (three sizes) or a cylinder along z (radius, length)."""

    centre: Vector
    size: tuple[float, ...]
    colour: str


@dataclass(frozen=True, kw_only=True)
class Link:
    """A link's parts and looks."""

    name: str
    bodies: tuple[Body, ...]
    shapes: tuple[Shape, ...]


COLOURS = {
    "shell": "0.16 0.17 0.19 1",
    "arm": "0.85 0.86 0.88 1",
    "servo": "0.10 0.10 0.11 1",
    "jaw": "0.93 0.49 0.13 1",
}


def box(mass: float, size: Vector, centre: Vector) -> Body:
    """A solid box of even density."""
    x, y, z = (side**2 for side in size)
    return Body(mass=mass, centre=centre, inertia=(mass * (y + z) / 12, mass * (x + z) / 12, mass * (x + y) / 12))


def servo(centre: Vector) -> Body:
    """One ST3235."""
    return box(figures.SERVO_MASS, figures.SERVO_SIZE, centre)


LINKS = (
    Link(
        name="base_link",
        bodies=(
            box(0.2562, (0.10, 0.10, 0.07), (0.0, 0.0, -0.035)),
            servo((0.0, 0.0, -0.02)),
            box(figures.BOARD_MASS, (0.08, 0.08, 0.02), (0.0, 0.0, -0.06)),
        ),
        shapes=(Shape(centre=(0.0, 0.0, -0.035), size=(0.052, 0.07), colour="shell"),),
    ),
    Link(
        name="link1",
        bodies=(
            Body(mass=0.0729, centre=(0.0, 0.0, 0.037), inertia=(4.7e-5, 3.3e-5, 5.0e-5)),
            servo((0.0, 0.022, 0.051959)),
            servo((0.0, -0.022, 0.051959)),
        ),
        shapes=(
            Shape(centre=(0.0, 0.0, 0.014), size=(0.04, 0.028), colour="arm"),
            Shape(centre=(0.0, 0.0, 0.046), size=(0.045, 0.075, 0.040), colour="servo"),
        ),
    ),
    Link(
        name="link2",
        bodies=(
            Body(mass=0.0703, centre=(0.119, 0.0122, 0.0), inertia=(5.5e-5, 4.23e-4, 4.05e-4)),
            servo((0.236815, 0.030002, 0.0)),
        ),
        shapes=(
            Shape(centre=(0.118, 0.005, 0.0), size=(0.200, 0.032, 0.034), colour="arm"),
            Shape(centre=(0.2300, 0.026, 0.0), size=(0.045, 0.040, 0.036), colour="servo"),
        ),
    ),
    Link(
        name="link3",
        bodies=(
            Body(mass=0.0216, centre=(-0.0015, -0.0765, 0.005), inertia=(6.4e-5, 3.7e-6, 6.3e-5)),
            servo((0.0, -0.135, 0.0)),
        ),
        shapes=(
            Shape(centre=(0.0, -0.070, 0.0), size=(0.026, 0.100, 0.028), colour="arm"),
            Shape(centre=(0.0, -0.135, 0.0), size=(0.028, 0.040, 0.036), colour="servo"),
        ),
    ),
    Link(
        name="link4",
        bodies=(
            Body(mass=0.0100, centre=(-0.0015, -0.022, 0.0), inertia=(4.5e-6, 3.8e-6, 5.6e-6)),
            servo((0.010, -0.034, 0.0)),
        ),
        shapes=(Shape(centre=(0.010, -0.036, 0.0), size=(0.026, 0.036, 0.030), colour="servo"),),
    ),
    Link(
        name="link5",
        bodies=(
            Body(mass=0.0154, centre=(-0.0078, 0.0, 0.0595), inertia=(2.0e-5, 2.1e-5, 4.4e-6)),
            servo((-0.006, 0.0, 0.034)),
        ),
        shapes=(
            Shape(centre=(-0.004, 0.0, 0.026), size=(0.030, 0.030, 0.044), colour="servo"),
            Shape(centre=(-0.006, 0.0, 0.082), size=(0.008, 0.020, 0.066), colour="arm"),
        ),
    ),
    Link(
        name="gripper_link",
        bodies=(Body(mass=0.0029, centre=(0.027, 0.0027, -0.0189), inertia=(5.2e-7, 1.8e-6, 1.6e-6)),),
        shapes=(Shape(centre=(0.0325, 0.005, -0.0188), size=(0.061, 0.008, 0.020), colour="jaw"),),
    ),
    Link(name="hand_tcp", bodies=(), shapes=()),
)


def total_mass() -> float:
    """The arm's mass in kg."""
    return sum(body.mass for link in LINKS for body in link.bodies)


def document() -> str:
    """The whole URDF as text."""
    robot = Xml.Element("robot", name="roarm_m3")
    for name, rgba in COLOURS.items():
        Xml.SubElement(Xml.SubElement(robot, "material", name=name), "color", rgba=rgba)
    for link in LINKS:
        _add_link(robot, link)
    for row in figures.CHAIN:
        _add_joint(robot, row)
    Xml.indent(robot)
    return Xml.tostring(robot, encoding="unicode") + "\n"


def _add_link(robot: Xml.Element, link: Link) -> None:
    element = Xml.SubElement(robot, "link", name=link.name)
    _add_inertial(element, link.bodies)
    for shape in link.shapes:
        for use in ("visual", "collision"):
            part = Xml.SubElement(element, use)
            Xml.SubElement(part, "origin", xyz=_text(shape.centre), rpy="0 0 0")
            _add_geometry(part, shape.size)
            if use == "visual":
                Xml.SubElement(part, "material", name=shape.colour)


def _add_geometry(part: Xml.Element, size: tuple[float, ...]) -> None:
    geometry = Xml.SubElement(part, "geometry")
    if len(size) == 2:
        Xml.SubElement(geometry, "cylinder", radius=_number(size[0]), length=_number(size[1]))
    else:
        Xml.SubElement(geometry, "box", size=_text(size))


def _add_inertial(element: Xml.Element, bodies: tuple[Body, ...]) -> None:
    mass = sum(body.mass for body in bodies)
    centre, inertia = _combine(bodies) if bodies else (np.zeros(3), np.zeros((3, 3)))
    inertial = Xml.SubElement(element, "inertial")
    Xml.SubElement(inertial, "origin", xyz=_text(centre), rpy="0 0 0")
    Xml.SubElement(inertial, "mass", value=_number(mass))
    entries = {f"i{'xyz'[row]}{'xyz'[col]}": _number(inertia[row, col]) for row in range(3) for col in range(row, 3)}
    Xml.SubElement(inertial, "inertia", entries)


def _combine(bodies: tuple[Body, ...]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centre of mass (3,) in m and inertia (3, 3) in kg m² about it, by the parallel-axis theorem."""
    masses = np.array([body.mass for body in bodies])
    centres = np.array([body.centre for body in bodies])
    centre = masses @ centres / masses.sum()
    inertia = np.zeros((3, 3))
    for body, offset in zip(bodies, centres - centre, strict=True):
        inertia += np.diag(body.inertia) + body.mass * (offset @ offset * np.eye(3) - np.outer(offset, offset))
    return centre, inertia


def _add_joint(robot: Xml.Element, row: figures.Joint) -> None:
    element = Xml.SubElement(robot, "joint", name=row.name, type="revolute" if row.turns else "fixed")
    Xml.SubElement(element, "origin", xyz=_text(row.xyz), rpy=_text(row.rpy))
    Xml.SubElement(element, "parent", link=row.parent)
    Xml.SubElement(element, "child", link=row.child)
    if row.turns:
        Xml.SubElement(element, "axis", xyz="0 0 1")
        limits = {"lower": row.lower, "upper": row.upper, "effort": row.torque, "velocity": figures.SERVO_SPEED}
        Xml.SubElement(element, "limit", {name: _number(value) for name, value in limits.items()})


def _text(values: tuple[float, ...] | NDArray[np.float64]) -> str:
    return " ".join(_number(value) for value in values)


def _number(value: float) -> str:
    rounding = 1e-15  # what is smaller differs between machines
    return f"{value if abs(value) > rounding else 0.0:.9g}"


if __name__ == "__main__":
    sys.stdout.write(document())
