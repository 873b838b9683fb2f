"""Writes the arm's URDF from its dimensions (`roarm_envs.figures`) and parts (`arm_parts`).

`python tools/arm_urdf.py > envs/roarm_envs/assets/roarm_m3.urdf` for the arm with a closed gripper,
`python tools/arm_urdf.py gripper > envs/roarm_envs/assets/roarm_m3_gripper.urdf` for the one with a working gripper.
"""

import sys
from xml.etree import ElementTree as Xml

import numpy as np
from numpy.typing import NDArray

from arm_parts import COLOURS, GRIPPER_LINKS, LINKS, Body, Link, Shape
from roarm_envs import figures


def document(links: tuple[Link, ...] = LINKS) -> str:
    """The whole URDF as text."""
    robot = Xml.Element("robot", name="roarm_m3")
    for name, rgba in COLOURS.items():
        Xml.SubElement(Xml.SubElement(robot, "material", name=name), "color", rgba=rgba)
    for link in links:
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
            Xml.SubElement(part, "origin", xyz=_text(shape.centre), rpy=_text(shape.rpy))
            _add_geometry(part, shape)
            if use == "visual":
                Xml.SubElement(part, "material", name=shape.colour)


def _add_geometry(part: Xml.Element, shape: Shape) -> None:
    geometry, size = Xml.SubElement(part, "geometry"), shape.size
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
    rounding = 1e-15  # smaller values differ between machines
    return f"{value if abs(value) > rounding else 0.0:.9g}"


if __name__ == "__main__":
    sys.stdout.write(document(GRIPPER_LINKS if sys.argv[1:] == ["gripper"] else LINKS))
