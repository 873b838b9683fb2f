"""The tool point: closed-form kinematics, the physics engine, and the dimensions that both must agree with."""

from collections.abc import Iterator
from math import pi

import numpy as np
import pytest
from arm_reference import move, rotation, tool_pose, tool_position, transform
from numpy.typing import NDArray

from roarm_envs import figures
from roarm_envs.robot import LOWER, UPPER, RoArm

TENTH_OF_A_MILLIMETRE = 1e-4
SHOULDER = np.array([0.0, 0.0, 0.0701 + 0.051959])


@pytest.fixture(scope="module")
def arm() -> Iterator[RoArm]:
    arm = RoArm()
    yield arm
    arm.close()


def frame(name: str, angles: dict[str, float]) -> NDArray[np.float64]:
    """The pose of a joint's axis in the world (4, 4), computed from the chain."""
    pose = transform((0.0, 0.0, figures.BASE_HEIGHT), (0.0, 0.0, 0.0))
    for row in figures.CHAIN:
        pose = pose @ transform(row.xyz, row.rpy)
        if row.name == name:
            return pose
        pose = pose @ transform((0.0, 0.0, 0.0), (0.0, 0.0, angles.get(row.name, 0.0)))
    raise KeyError(name)


def origin(name: str) -> NDArray[np.float64]:
    home = dict(zip(figures.ARM_JOINTS, figures.HOME, strict=True))
    return frame(name, home)[:3, 3]


def test_engine_and_table_agree_in_random_poses(arm: RoArm) -> None:
    rng = np.random.default_rng(0)
    for angles in rng.uniform(LOWER, UPPER, (300, 5)):
        arm.place(angles)
        assert arm.sim.tool() == pytest.approx(tool_position(angles), abs=TENTH_OF_A_MILLIMETRE)


def test_engine_and_table_agree_in_motion(arm: RoArm) -> None:
    """The engine's own copy of the link states is one step old; 22 mm on a fast move."""
    rng = np.random.default_rng(1)
    fastest = 0.0
    for _ in range(10):
        arm.random_pose(rng, base=pi / 2, min_height=0.1, margin=0.01)
        for _ in range(20):
            state = move(arm, rng.choice([-1.0, 1.0], 5))
            fastest = max(fastest, float(np.abs(state.speeds).max()))
            assert state.tool == pytest.approx(tool_position(state.angles), abs=TENTH_OF_A_MILLIMETRE)
    assert fastest > 1.0  # rad/s: it did move


def test_the_shoulder_axis_stands_122_millimetres_over_the_table() -> None:
    assert origin("shoulder") == pytest.approx([0.0, 0.0, 0.122], abs=2e-4)


def test_the_upper_arm_is_2368_long_and_30_offset() -> None:
    assert origin("elbow") - SHOULDER == pytest.approx([0.030, 0.0, 0.2368], abs=1e-4)


def test_the_forearm_is_1446_long_and_level_at_home() -> None:
    assert origin("wrist_pitch") - origin("elbow") == pytest.approx([0.1446, 0.0, 0.0], abs=1e-4)


def test_the_tool_point_is_169_ahead_of_the_wrist_and_151_beside_it() -> None:
    along, across, up = tool_position(figures.HOME) - origin("wrist_pitch")
    assert along == pytest.approx(0.169, abs=2e-4)
    assert across == pytest.approx(0.0, abs=1e-9)
    assert abs(up) == pytest.approx(0.0151, abs=1e-4)


def test_home_is_where_the_table_of_figures_puts_it() -> None:
    assert pytest.approx((0.0, 0.0, pi / 2, 0.0, 0.0)) == figures.HOME
    assert tool_position(figures.HOME) == pytest.approx([0.3437, 0.0, 0.3437], abs=2e-4)


def test_the_longest_reach_is_553_millimetres() -> None:
    pitches = np.stack(np.meshgrid(*(np.linspace(LOWER[j], UPPER[j], 45) for j in (2, 3))), axis=-1).reshape(-1, 2)
    reach = max(np.linalg.norm(tool_position((0.0, 0.0, elbow, wrist, 0.0)) - SHOULDER) for elbow, wrist in pitches)
    assert reach == pytest.approx(0.553, abs=0.002)


def test_the_three_pitch_axes_are_parallel() -> None:
    angles = dict(zip(figures.ARM_JOINTS, (0.7, -0.4, 1.9, 0.8, 0.3), strict=True))
    axes = [frame(name, angles)[:3, 2] for name in ("shoulder", "elbow", "wrist_pitch")]
    assert axes[1] == pytest.approx(axes[0], abs=1e-12)
    assert axes[2] == pytest.approx(axes[0], abs=1e-12)


@pytest.mark.parametrize("angles", [(0.0, 0.3, 1.2, 0.4), (1.0, -0.5, 2.0, -0.7), (-2.0, 1.0, 0.0, 1.5)], ids=str)
def test_tool_pitch_is_the_sum_of_the_pitch_joints(angles: tuple[float, float, float, float]) -> None:
    """Pitch is counted downwards from level; the tool's axis stays in the plane of the arm."""
    base, shoulder, elbow, wrist = angles
    pitch = shoulder + elbow + wrist - pi / 2
    forwards = np.array([np.cos(base) * np.cos(pitch), np.sin(base) * np.cos(pitch), -np.sin(pitch)])
    ahead = tool_pose((*angles, 0.0))[:3, :3] @ np.array([1.0, 0.0, 0.0])
    assert ahead == pytest.approx(forwards, abs=1e-9)


def test_rolling_the_wrist_turns_the_tool_but_does_not_move_it() -> None:
    level, rolled = tool_pose(figures.HOME), tool_pose((*figures.HOME[:4], 1.0))
    assert rolled[:3, 3] == pytest.approx(level[:3, 3], abs=1e-12)
    assert not np.allclose(rolled[:3, :3], level[:3, :3], atol=0.1)


def test_a_rotation_keeps_lengths_and_hands() -> None:
    for rpy in np.random.default_rng(2).uniform(-pi, pi, (20, 3)):
        matrix = rotation(tuple(rpy))
        assert matrix @ matrix.T == pytest.approx(np.eye(3), abs=1e-12)
        assert np.linalg.det(matrix) == pytest.approx(1.0)


@pytest.mark.parametrize("count", [4, 6])
def test_another_number_of_angles_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match="zip"):
        tool_position(np.zeros(count))
