"""The committed URDF: generated from the figures, with the real arm's masses, torques and speeds."""

import runpy
from importlib.resources import files
from math import pi
from xml.etree import ElementTree as Xml

import numpy as np
import pytest
from numpy.typing import NDArray

import arm_parts as parts
import arm_urdf as urdf

ASSET = (files("roarm_envs") / "assets" / "roarm_m3.urdf").read_text(encoding="utf-8")
ROBOT = Xml.fromstring(ASSET)  # noqa: S314 - our own file

LIMITS = {  # rad and N m, as the robot's sheet of figures has them
    "base": (-pi, pi, 2.94),
    "shoulder": (-1.30, 1.40, 5.88),
    "elbow": (-0.366, 2.95, 2.94),
    "wrist_pitch": (-1.57, 1.57, 2.94),
    "wrist_roll": (-pi, pi, 2.94),
    "gripper": (0.09, 1.54, 2.94),
}
ORIGINS = {  # m and rad
    "base": ("link1", (0, 0, 0), (0, 0, 0)),
    "shoulder": ("link2", (0, 0, 0.051959), (-pi / 2, -pi / 2, 0)),
    "elbow": ("link3", (0.236815, 0.030002, 0), (0, 0, pi / 2)),
    "wrist_pitch": ("link4", (0, -0.144586, 0), (0, 0, 0)),
    "wrist_roll": ("link5", (0.015147, -0.053653, 0), (pi / 2, pi / 2, 0)),
    "gripper": ("gripper_link", (0, 0.018821, 0.052035), (-pi / 2, -pi / 2, 0)),
    "tcp": ("hand_tcp", (0, 0, 0.115428), (pi / 2, -pi / 2, 0)),
}
HEAVY = [link.get("name", "") for link in ROBOT.iter("link") if link.get("name") != "hand_tcp"]


def element(parent: Xml.Element, path: str) -> Xml.Element:
    found = parent.find(path)
    assert found is not None, path
    return found


def numbers(text: str | None) -> list[float]:
    return [float(part) for part in (text or "").split()]


def inertia(link: str) -> NDArray[np.float64]:
    """The (3, 3) inertia in kg m² about the link's centre of mass."""
    entries = element(ROBOT, f"link[@name='{link}']/inertial/inertia").attrib
    return np.array([[float(entries["i" + "".join(sorted(a + b))]) for a in "xyz"] for b in "xyz"])


def test_the_asset_is_what_the_figures_make() -> None:
    assert urdf.document() == ASSET


def test_the_command_prints_the_document(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(urdf.__file__), run_name="__main__")
    assert capsys.readouterr().out == ASSET


def test_the_arm_weighs_what_the_real_one_weighs() -> None:
    mass = sum(float(entry.attrib["value"]) for entry in ROBOT.iter("mass"))
    assert mass == pytest.approx(1.021, rel=0.02)
    assert mass == pytest.approx(parts.total_mass(), rel=1e-6)


@pytest.mark.parametrize("name", LIMITS)
def test_limits_torque_and_speed_are_the_servos(name: str) -> None:
    lower, upper, torque = LIMITS[name]
    limit = {key: float(value) for key, value in element(ROBOT, f"joint[@name='{name}']/limit").attrib.items()}
    assert limit == pytest.approx({"lower": lower, "upper": upper, "effort": torque, "velocity": 4.71}, rel=1e-6)


@pytest.mark.parametrize("name", ORIGINS)
def test_every_link_sits_where_the_table_puts_it(name: str) -> None:
    child, xyz, rpy = ORIGINS[name]
    joint = element(ROBOT, f"joint[@name='{name}']")
    assert element(joint, "child").get("link") == child
    assert numbers(element(joint, "origin").get("xyz")) == pytest.approx(xyz)
    assert numbers(element(joint, "origin").get("rpy")) == pytest.approx(rpy)


def test_only_the_six_servos_turn_and_all_about_z() -> None:
    turning = [joint for joint in ROBOT.iter("joint") if joint.get("type") != "fixed"]
    assert [joint.get("name") for joint in turning] == list(LIMITS)
    assert {element(joint, "axis").get("xyz") for joint in turning} == {"0 0 1"}


@pytest.mark.parametrize("link", HEAVY)
def test_every_inertia_is_that_of_a_body(link: str) -> None:
    """Positive definite, and no principal moment greater than the other two together."""
    moments = np.linalg.eigvalsh(inertia(link))
    assert moments.min() > 0
    assert moments.sum() >= 2 * moments.max()


def test_a_box_has_the_inertia_of_the_textbook() -> None:
    body = parts.box(12.0, (1.0, 2.0, 3.0), (0.0, 0.0, 0.0))
    assert body.inertia == pytest.approx((13.0, 10.0, 5.0))


@pytest.mark.parametrize("link", HEAVY)
def test_every_shape_can_be_seen_and_touched(link: str) -> None:
    parts = element(ROBOT, f"link[@name='{link}']")
    visible = [element(part, "geometry")[0].attrib for part in parts.findall("visual")]
    assert visible
    assert visible == [element(part, "geometry")[0].attrib for part in parts.findall("collision")]
