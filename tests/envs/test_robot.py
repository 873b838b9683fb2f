"""The arm moves as its servos allow: limited speed, lag, joint limits, and no effect of earlier episodes."""

from collections.abc import Iterator
from math import pi

import numpy as np
import pytest
from arm_reference import home, move
from numpy.typing import NDArray

from roarm_envs import figures
from roarm_envs.robot import LOWER, UPPER, RoArm
from roarm_envs.sim import Physics

REFERENCE = Physics(hz=240, iterations=50, exact=False, trimmed=False)

SERVO_SPEED = 4.71  # rad/s
FREE = (0.0, 0.0, 0.0, 0.0, 0.0)  # upright: from here each joint reaches both its ends without touching anything


@pytest.fixture(scope="module")
def shared() -> Iterator[RoArm]:
    arm = RoArm()
    yield arm
    arm.close()


@pytest.fixture
def arm(shared: RoArm) -> RoArm:
    home(shared)
    return shared


def one_joint(name: str, action: float = 1.0) -> NDArray[np.float64]:
    return np.array([action if joint == name else 0.0 for joint in figures.ARM_JOINTS])


def test_no_joint_is_faster_than_its_servo(arm: RoArm) -> None:
    rng = np.random.default_rng(0)
    fastest = 0.0
    for _ in range(10):
        arm.place(rng.uniform(LOWER, UPPER))
        for _ in range(20):
            fastest = max(fastest, float(np.abs(move(arm, rng.choice([-1.0, 1.0], 5)).speeds).max()))
    assert 1.0 < fastest <= SERVO_SPEED + 1e-9


@pytest.mark.parametrize("action", [-1.0, 1.0], ids=["down", "up"])
@pytest.mark.parametrize("name", figures.ARM_JOINTS)
def test_in_free_space_a_joint_stops_at_its_limit(arm: RoArm, name: str, action: float) -> None:
    index = figures.ARM_JOINTS.index(name)
    arm.place(np.array(FREE))
    for _ in range(40):
        state = move(arm, one_joint(name, action))
        assert not state.touching
        assert LOWER[index] - 0.01 <= state.angles[index] <= UPPER[index] + 0.01
    limit = UPPER[index] if action > 0 else LOWER[index]
    assert state.angles[index] == pytest.approx(limit, abs=0.05)


def test_targets_do_not_run_away_beyond_a_limit(arm: RoArm) -> None:
    """After a long push against a limit, the first step back moves the joint at once."""
    for _ in range(60):
        held = move(arm, one_joint("base"))
    assert held.angles[0] == pytest.approx(pi, abs=0.01)
    assert held.angles[0] - move(arm, one_joint("base", -1.0)).angles[0] > 0.04


@pytest.mark.parametrize("action", [5.0, 1e6], ids=str)
def test_a_larger_action_counts_as_one(arm: RoArm, action: float) -> None:
    wanted = move(arm, one_joint("base", 1.0)).angles
    home(arm)
    assert move(arm, one_joint("base", action)).angles.tolist() == wanted.tolist()


def test_without_action_the_arm_stays_where_it_is(arm: RoArm) -> None:
    """A soft servo sags under load, 1 to 3 degrees on the real arm."""
    rng = np.random.default_rng(1)
    sags = []
    for _ in range(20):
        arm.random_pose(rng, base=pi / 2, min_height=0.05, margin=0.005)
        before = arm.sim.joints()[0][:5]
        for _ in range(20):
            state = move(arm, np.zeros(5))
        assert np.abs(state.speeds).max() < 0.05
        sags.append(np.abs(state.angles - before).max())
    assert 0.0 < max(sags) < np.radians(3.0)


@pytest.mark.parametrize("name", ["base", "wrist_pitch", "wrist_roll"])
def test_an_action_of_one_is_a_tenth_of_a_radian(arm: RoArm, name: str) -> None:
    index = figures.ARM_JOINTS.index(name)
    start = figures.HOME[index]
    first = move(arm, one_joint(name)).angles[index] - start
    assert 0.05 < first < 0.095, "the servo lags behind its target"
    for _ in range(9):
        moving = move(arm, one_joint(name)).angles[index] - start
    assert 0.9 < moving < 1.0
    for _ in range(10):
        settled = move(arm, np.zeros(5)).angles[index] - start
    assert settled == pytest.approx(1.0, abs=0.02)


def test_home_leaves_nothing_behind(arm: RoArm) -> None:
    """Targets, speeds and contacts of an earlier episode have no effect: the same actions give the same numbers."""
    rng = np.random.default_rng(2)
    actions = rng.choice([-1.0, 1.0], (30, 5))
    fresh = RoArm()
    wanted = [home(fresh), *(move(fresh, action) for action in actions)]
    fresh.close()
    touched = any(move(arm, np.array([0.0, 1.0, 1.0, 1.0, 0.3])).touching for _ in range(40))
    found = [home(arm), *(move(arm, action) for action in actions)]
    assert touched
    for a, b in zip(wanted, found, strict=True):
        assert (a.angles.tolist(), a.speeds.tolist(), a.tool.tolist()) == (
            b.angles.tolist(),
            b.speeds.tolist(),
            b.tool.tolist(),
        )
        assert a.touching == b.touching


def test_home_is_at_rest_in_the_home_pose(arm: RoArm) -> None:
    move(arm, np.ones(5))
    state = home(arm)
    assert state.angles == pytest.approx(figures.HOME)
    assert not state.speeds.any()
    assert not state.touching


def test_pressed_against_the_table_joints_give_way_a_little_only(arm: RoArm) -> None:
    rng = np.random.default_rng(3)
    beyond, touched = 0.0, False
    for corner in rng.choice([-1.0, 1.0], (12, 5)):
        home(arm)
        for _ in range(60):
            state = move(arm, corner)
            touched |= state.touching
            beyond = max(beyond, float(np.maximum(LOWER - state.angles, state.angles - UPPER).max()))
    assert touched
    assert beyond < 0.25


@pytest.mark.parametrize("margin", [0.005, 0.03], ids=str)
def test_a_random_pose_keeps_clear(arm: RoArm, margin: float) -> None:
    rng = np.random.default_rng(4)
    for _ in range(50):
        tool = arm.random_pose(rng, base=1.0, min_height=0.06, margin=margin)
        angles = arm.sim.joints()[0][:5]
        assert arm.sim.clear(margin)
        assert tool[2] >= 0.06
        assert abs(angles[0]) <= 1.0
        assert (angles >= LOWER).all()
        assert (angles <= UPPER).all()


def test_a_pose_in_the_table_is_not_clear(arm: RoArm) -> None:
    arm.place(np.array([0.0, 1.4, 1.5, 0.0, 0.0]))
    assert not arm.sim.clear(0.0)


@pytest.mark.parametrize("hz", [60, 120])
def test_the_physics_rate_hardly_changes_the_motion(hz: int) -> None:
    """In free space, against 240 Hz and 50 iterations of the engine's usual solver."""
    reference, other = RoArm(REFERENCE), RoArm(Physics(hz=hz))
    rng = np.random.default_rng(5)
    for arm in (reference, other):
        home(arm)
    for action in rng.uniform(-0.5, 0.5, (20, 5)):
        wanted, found = move(reference, action), move(other, action)
        assert not wanted.touching
        assert found.angles == pytest.approx(wanted.angles, abs=0.012)
    reference.close()
    other.close()
