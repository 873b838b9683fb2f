"""The gripper: how far it opens, where an object stalls it, and that it holds only by contact and friction."""

from collections.abc import Iterator
from importlib.resources import files

import numpy as np
import pybullet
import pytest
from arm_reference import home, tool_pose, tool_position, transform
from numpy.typing import NDArray

import arm_urdf as urdf
from arm_parts import GRIPPER_LINKS
from roarm_envs import figures
from roarm_envs.gripper import GripperArm, Handling
from roarm_envs.sim import Cube
from roarm_envs.tasks.pick_place import HIGH, over

SPOT = (0.24, 0.05)  # m
SLOWLY = [0.0] * 5 + [-0.15]
CLOSE, STAY, OPEN = [0.0] * 5 + [-1.0], [0.0] * 6, [0.0] * 5 + [1.0]


@pytest.fixture
def made() -> Iterator[list[GripperArm]]:
    arms: list[GripperArm] = []
    yield arms
    for arm in arms:
        arm.close()


def at_the_cube(made: list[GripperArm], cube: Cube, *, height: float = 0.0) -> GripperArm:
    """The open hand round a cube on the table, or over it."""
    arm = GripperArm(cube)
    made.append(arm)
    point = (*SPOT, cube.edge / 2)
    arm.sim.place_cube(point, (0.0, 0.0, 0.0, 1.0))
    arm.place(over(point, 0.0, cube.edge, height=height))
    arm.sense(touching=False)
    return arm


def follow(arm: GripperArm, action: list[float], steps: int) -> Handling:
    for _ in range(steps):
        sensed = arm.follow(action)
    return sensed


def lift(arm: GripperArm, height: float = HIGH) -> Handling:
    """Straight up from where the cube is gripped."""
    edge = arm.sim.cube.edge
    for share in np.linspace(0.05, 1.0, 20):
        wanted = over((*SPOT, edge / 2), 0.0, edge, height=height * share)
        sensed = arm.follow([(a - b) / 0.1 for a, b in zip(wanted, arm.targets[:5], strict=True)] + [-1.0])
    return sensed


def test_the_asset_is_what_the_parts_make() -> None:
    asset = files("roarm_envs") / "assets" / "roarm_m3_gripper.urdf"
    assert urdf.document(GRIPPER_LINKS) == asset.read_text(encoding="utf-8")


def test_the_jaw_goes_from_end_to_end(made: list[GripperArm]) -> None:
    arm = at_the_cube(made, Cube(), height=HIGH)
    assert follow(arm, OPEN, 20).opening == pytest.approx(1.54, abs=0.02)
    assert follow(arm, CLOSE, 30).opening == pytest.approx(0.09, abs=0.02)


def test_the_jaw_is_no_quicker_than_its_servo(made: list[GripperArm]) -> None:
    arm = at_the_cube(made, Cube(), height=HIGH)
    for action in (CLOSE, OPEN):
        for _ in range(12):
            arm.follow(action)
            assert abs(arm.sim.joint_states()[5][1]) <= figures.SERVO_SPEED + 1e-9


@pytest.mark.parametrize(("edge", "degrees"), [(0.020, 24.0), (0.030, 38.0)], ids=str)
def test_an_object_in_the_middle_of_the_jaws_stalls_them(made: list[GripperArm], edge: float, degrees: float) -> None:
    """43 mm from the jaw's axis, as on the real arm: about 38 degrees at 30 mm."""
    arm = GripperArm(Cube(edge=edge))
    made.append(arm)
    arm.place([0.0, 0.0, np.pi / 2, 0.0, np.pi / 2])  # the hand level, the jaw above or below
    hand = hand_pose(arm)
    centre = hand @ np.array([-0.002 + edge / 2, 0.0, 0.052 + 0.043, 1.0])
    turn = pybullet.getQuaternionFromEuler((0.0, 0.0, 0.0))
    arm.sim.place_cube(tuple(centre[:3]), turn)
    pybullet.setGravity(0, 0, 0, physicsClientId=arm.sim.client)
    arm.sense(touching=False)
    sensed = follow(arm, SLOWLY, 60)
    assert sensed.fixed
    assert sensed.moving
    assert np.degrees(sensed.opening) == pytest.approx(degrees, abs=5.0)


def hand_pose(arm: GripperArm) -> NDArray[np.float64]:
    row = figures.joint("tcp")
    pose: NDArray[np.float64] = tool_pose(arm.targets[:5]) @ np.linalg.inv(transform(row.xyz, row.rpy))
    return pose


@pytest.mark.parametrize("edge", [0.020, 0.025, 0.030], ids=str)
@pytest.mark.parametrize(("mass", "friction"), [(0.02, 0.8), (0.1, 0.4)], ids=["light", "heavy and smooth"])
def test_a_cube_is_gripped_and_lifted(made: list[GripperArm], edge: float, mass: float, friction: float) -> None:
    arm = at_the_cube(made, Cube(edge=edge, mass=mass, friction=friction))
    held = follow(arm, CLOSE, 12)
    assert held.fixed
    assert held.moving
    assert held.cube[2] < edge / 2 + 0.005
    lifted = lift(arm)
    assert lifted.cube[2] > edge / 2 + HIGH - 0.01
    assert lifted.fixed
    assert lifted.moving


def test_nothing_but_contact_holds_the_cube(made: list[GripperArm]) -> None:
    arm = at_the_cube(made, Cube())
    follow(arm, CLOSE, 12)
    lift(arm)
    assert pybullet.getNumConstraints(physicsClientId=arm.sim.client) == 0
    dropped = follow(arm, OPEN, 14)
    assert not dropped.fixed
    assert not dropped.moving
    assert dropped.cube[2] < 0.03


def test_without_friction_the_cube_stays_where_it_is(made: list[GripperArm]) -> None:
    arm = at_the_cube(made, Cube(friction=0.0))
    follow(arm, CLOSE, 12)
    assert lift(arm).cube[2] < 0.03


def test_a_heavy_thing_slips(made: list[GripperArm]) -> None:
    arm = at_the_cube(made, Cube(mass=30.0))
    follow(arm, CLOSE, 12)
    assert lift(arm).cube[2] < 0.03


def test_near_is_not_in_contact(made: list[GripperArm]) -> None:
    sensed = follow(at_the_cube(made, Cube()), STAY, 5)
    assert (sensed.fixed, sensed.moving) == (False, False)
    assert np.linalg.norm(np.subtract(sensed.grip, sensed.cube)) < 0.01


def test_one_jaw_alone_says_so(made: list[GripperArm]) -> None:
    arm = at_the_cube(made, Cube())
    seen = {(sensed.fixed, sensed.moving) for sensed in (arm.follow(SLOWLY) for _ in range(60))}
    assert (False, True) in seen
    assert (True, True) in seen


def test_a_cube_keeps_its_place_in_the_hand_while_the_arm_moves(made: list[GripperArm]) -> None:
    """All joints at 1.4 rad/s, changing every quarter of a second, for two seconds."""
    drops, rng = 0, np.random.default_rng(0)
    for _ in range(6):
        arm = at_the_cube(made, Cube())
        follow(arm, CLOSE, 12)
        lift(arm, 0.07)
        for _ in range(8):
            action = rng.uniform(-0.7, 0.7, 5)
            action[1:3] = -np.abs(action[1:3])  # up and away from the table
            sensed = follow(arm, [*action, -1.0], 5)
        drops += not (sensed.fixed and sensed.moving)
    assert drops <= 1


def test_physics_is_fine_at_the_cube_and_coarse_away_from_it(made: list[GripperArm]) -> None:
    arm = at_the_cube(made, Cube())
    follow(arm, STAY, 2)
    assert arm.sim.fine
    arm.place(figures.HOME)
    arm.sense(touching=False)
    follow(arm, STAY, 1)
    assert not arm.sim.fine


def test_the_grip_position_does_not_depend_on_the_physics(made: list[GripperArm]) -> None:
    """The same motion, coarse and fine, to within 3 mm."""
    coarse, fine = (at_the_cube(made, Cube()) for _ in range(2))
    for arm, spot in ((coarse, (-0.4, 0.0)), (fine, (0.0, 0.0))):
        arm.sim.place_cube((spot[0], spot[1] + 0.5, 0.0125), (0.0, 0.0, 0.0, 1.0))
        home(arm)
    rng = np.random.default_rng(1)
    for action in np.repeat(rng.uniform(-0.6, 0.6, (6, 5)), 4, axis=0):
        a = coarse.follow([*action, 0.0])
        fine._near = True
        b = fine.follow([*action, 0.0])
        assert np.linalg.norm(np.subtract(a.tool, b.tool)) < 0.003
        assert a.tool == pytest.approx(tool_position(a.angles), abs=1e-4)
