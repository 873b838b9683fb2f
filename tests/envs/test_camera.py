"""The camera of the arm's pictures: what it frames, and the tool point's path."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from roarm_envs.env import RoArmReachEnv
from roarm_envs.sim.camera import EDGE, OWN, Camera, Point
from roarm_envs.sim.tool_path import COLOUR, ToolPath


@pytest.fixture
def env() -> Iterator[RoArmReachEnv]:
    env = RoArmReachEnv(render_mode="rgb_array")
    yield env
    env.close()


def shown(env: RoArmReachEnv) -> Any:
    picture = env.render()
    assert picture is not None
    return picture


def lined(picture: Any) -> int:
    """How many pixels have the path's colour."""
    return int((np.abs(picture.astype(int) - COLOUR).max(axis=2) < 30).sum())


def places(camera: Camera, points: list[Point]) -> Any:
    """Where points are in the picture (n, 2), from -1 to 1."""
    x, y, _, w = camera._projection @ camera._view @ np.column_stack([points, np.ones(len(points))]).T
    return np.column_stack([x / w, y / w])


def test_the_arm_and_its_goal_fill_the_picture(env: RoArmReachEnv) -> None:
    env.reset(seed=0)
    shown(env)
    assert env._camera is not None
    for seed in range(60):
        env.reset(seed=seed)
        goal, tool = env.episode.mark(), env.episode.arm.tool()
        env._camera.begin(goal, tool)
        found = places(env._camera, [*OWN, goal, tool])
        assert np.abs(found).max() == pytest.approx(EDGE)
        assert np.ptp(found, axis=0).max() == pytest.approx(2 * EDGE)  # from side to side, or from top to bottom


def test_the_way_of_the_tool_is_drawn_and_forgotten_with_the_episode(env: RoArmReachEnv) -> None:
    env.reset(seed=1)
    first = shown(env)
    expert, lengths = env.make_expert(), [lined(first)]
    for _ in range(12):
        env.step(expert(None))
        lengths.append(lined(shown(env)))
    assert lengths[0] == 0
    assert lengths[1] < lengths[4] < lengths[12]
    assert (shown(env) == shown(env)).all()  # a picture more of the same moment adds nothing
    env.reset(seed=1)
    assert (shown(env) == first).all()


def test_a_path_behind_the_arm_is_faint() -> None:
    path, picture = ToolPath(), np.full((40, 80, 3), 200, np.uint8)
    depths = np.ones((40, 80), np.float32)
    depths[:, :40] = 0.2  # something near, on the left
    for point in ((-0.9, 0.0, 0.0), (0.9, 0.0, 0.0)):
        path.add(point)
    path.draw(picture, depths, np.eye(4))
    near, far = (np.abs(picture[20, column].astype(int) - COLOUR).max() for column in (60, 20))
    assert near < 20 < 100 < far < 150  # 152 without a path
    assert (picture[10] == 200).all()
