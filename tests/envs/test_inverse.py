"""Inverse kinematics against forward kinematics."""

from math import cos, pi, sin

import numpy as np
import pytest
from arm_reference import tool_pose, tool_position, transform

from roarm_envs.inverse import from_above, solutions, within_limits, wrapped
from roarm_envs.kinematics import grip_point
from roarm_envs.robot import LOWER, UPPER
from roarm_envs.tasks.pick_place import HIGH, RADII, TURN, grip_offsets, over


def test_a_pose_is_among_the_solutions_for_its_tool_point() -> None:
    for angles in np.random.default_rng(0).uniform(LOWER, UPPER, (300, 5)):
        point = tuple(tool_position(angles).tolist())
        found = list(solutions(point, pitch=float(angles[1:4].sum()), roll=float(angles[4])))
        assert min(np.abs(np.subtract(one, angles)).max() for one in found) < 1e-6
        assert all(tool_position(one) == pytest.approx(point, abs=1e-9) for one in found)


def test_the_point_in_the_hand_is_where_the_chain_puts_it() -> None:
    for angles in np.random.default_rng(1).uniform(LOWER, UPPER, (100, 5)):
        hand = tool_pose(angles) @ np.linalg.inv(transform((0.0, 0.0, 0.115428), (pi / 2, -pi / 2, 0.0)))
        point, yaw = grip_point(angles.tolist(), across=0.01, along=0.1)
        assert point == pytest.approx((hand @ [0.01, 0.0, 0.1, 1.0])[:3], abs=1e-9)
        assert wrapped(yaw - np.arctan2(hand[1, 0], hand[0, 0])) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("edge", [0.020, 0.025, 0.030], ids=str)
def test_the_hand_can_point_down_all_over_the_part_of_the_table_that_is_used(edge: float) -> None:
    """At the cube and above it, for any yaw of the cube, within the limits; checked by forward kinematics."""
    across, along = grip_offsets(edge)
    for radius in np.linspace(*RADII, 7):
        for turn in np.linspace(-TURN, TURN, 7):
            for yaw in np.linspace(0.0, pi / 2, 5):
                for height in (0.0, HIGH):
                    point = (radius * cos(turn), radius * sin(turn), edge / 2)
                    angles = over(point, yaw, edge, height=height)
                    assert within_limits(angles)
                    assert sum(angles[1:4]) == pytest.approx(pi)
                    found, jaw = grip_point(angles, across=across, along=along)
                    assert found == pytest.approx((point[0], point[1], point[2] + height), abs=1e-9)
                    assert sin(2 * (jaw - yaw)) == pytest.approx(0.0, abs=1e-9)


def test_out_of_reach_is_an_error() -> None:
    assert from_above((0.6, 0.0, 0.0), 0.0, across=0.01, along=0.1) is None
    assert list(solutions((2.0, 0.0, 0.0), pitch=pi)) == []
    with pytest.raises(ValueError, match="cannot point down"):
        over((0.5, 0.0, 0.0125), 0.0, 0.025)
