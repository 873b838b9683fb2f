"""Pick and place: stages by contact, success, and rewards that detours cannot raise."""

from collections.abc import Iterator
from dataclasses import replace
from math import dist, hypot
from typing import Any

import numpy as np
import pytest

from roarm_envs.env import RoArmPickPlaceEnv
from roarm_envs.gripper import Handling
from roarm_envs.tasks.pick_place import RADII, SPAN, Course, PickPlace

STAGES = ("reached", "grasped", "lifted", "placed")
SENSED = Handling(
    angles=(0.0,) * 5,
    speeds=(0.0,) * 5,
    tool=(0.25, 0.0, 0.0),
    heading=(1.0, 0.0),
    touching=False,
    opening=0.5,
    grip=(0.25, 0.0, 0.0125),
    cube=(0.25, 0.0, 0.0125),
    turn=0.0,
    fixed=True,
    moving=True,
)
IDLE = [0.0] * 6


def course(away: float = 0.1) -> Course:
    return Course(goal=(0.25, away, 0.0125), edge=0.025, distance=away, far=0.0)


@pytest.fixture
def env() -> Iterator[RoArmPickPlaceEnv]:
    made = RoArmPickPlaceEnv()
    yield made
    made.close()


def play(env: RoArmPickPlaceEnv, seed: int) -> list[dict[str, Any]]:
    """The infos of the expert's episode."""
    observation, info = env.reset(seed=seed)
    expert, infos, over = env.make_expert(), [info], False
    while not over:
        observation, reward, terminated, truncated, info = env.step(expert(observation))
        infos.append({**info, "reward": reward})
        over = terminated or truncated
    return infos


def test_stages_come_in_their_order(env: RoArmPickPlaceEnv) -> None:
    infos = play(env, 0)
    firsts = [next(step for step, info in enumerate(infos) if info[stage]) for stage in STAGES]
    assert firsts == sorted(firsts)
    assert len(set(firsts)) == 4
    assert infos[-1]["is_success"]
    assert not infos[-1]["failed"]
    assert sum(info["is_success"] for info in infos) == 1


def test_the_experts_return_is_the_sum_of_the_terms(env: RoArmPickPlaceEnv) -> None:
    infos = play(env, 1)[1:]
    assert all(len(info["reward_terms"]) == 5 for info in infos)
    assert all(info["reward"] == pytest.approx(sum(info["reward_terms"].values())) for info in infos)
    total = {name: sum(info["reward_terms"][name] for info in infos) for name in infos[0]["reward_terms"]}
    assert total["grasp"] == pytest.approx(5.0)
    assert total["carry"] == pytest.approx(10.0 * SPAN + 5.0, abs=0.3)
    assert total["success"] == 15.0
    assert sum(total.values()) < 50.0


def test_a_grasp_takes_both_jaws_for_five_steps_in_a_row() -> None:
    task, state = PickPlace(), course()
    for _ in range(4):
        assert not task.judge(SENSED, IDLE, state).stages["grasped"]
    task.judge(SENSED._replace(moving=False), IDLE, state)
    found = [task.judge(SENSED, IDLE, state).stages["grasped"] for _ in range(5)]
    assert found == [False] * 4 + [True]


@pytest.mark.parametrize("fixed", [False, True], ids=["moving", "fixed"])
def test_one_jaw_is_no_grasp(fixed: bool) -> None:
    task, state = PickPlace(), course()
    stages = [task.judge(SENSED._replace(fixed=fixed, moving=not fixed), IDLE, state).stages for _ in range(20)]
    assert not stages[-1]["grasped"]


def test_a_cube_that_was_pushed_to_the_goal_is_not_placed() -> None:
    task, state = PickPlace(), course()
    for _ in range(30):
        found = task.judge(SENSED._replace(cube=state.goal, grip=state.goal), IDLE, state)
    assert not found.success
    assert not found.stages["placed"]


def test_a_cube_over_the_goal_is_not_placed_and_one_that_stays_there_is() -> None:
    task, state = PickPlace(), course()
    high = SENSED._replace(cube=(*state.goal[:2], 0.08))
    for _ in range(20):
        found = task.judge(high, IDLE, state)
    assert found.stages["lifted"]
    assert not found.stages["placed"]
    ends = [task.judge(SENSED._replace(cube=state.goal), IDLE, state).success for _ in range(10)]
    assert ends == [False] * 9 + [True]


def test_a_cube_that_left_the_goal_starts_to_count_anew() -> None:
    task, state = PickPlace(), course()
    state.stages["lifted"] = True
    there, away = SENSED._replace(cube=state.goal), SENSED
    for sensed in (*[there] * 9, away, *[there] * 9):
        assert not task.judge(sensed, IDLE, state).success
    assert task.judge(there, IDLE, state).success


def test_a_lost_cube_ends_the_episode_as_a_failure(env: RoArmPickPlaceEnv) -> None:
    env.reset(seed=0)
    env.episode.arm.sim.place_cube((0.5, 0.0, 0.0125), (0.0, 0.0, 0.0, 1.0))  # type: ignore[attr-defined]
    _, _, terminated, truncated, info = env.step(np.zeros(6, np.float32))
    assert (terminated, truncated, info["failed"], info["is_success"]) == (True, False, True, False)


def test_dropping_takes_back_what_carrying_paid() -> None:
    """Gripping and releasing repeatedly earns nothing."""
    task, state = PickPlace(effort_weight=0.0), course()
    total = 0.0
    for step in range(60):
        pressed = step % 10 < 5
        total += sum(task.judge(SENSED._replace(fixed=pressed, moving=pressed), IDLE, state).terms.values())
    assert total == pytest.approx(0.0, abs=1e-9)


def test_losing_the_cube_takes_back_what_carrying_paid() -> None:
    task, state = PickPlace(effort_weight=0.0, reach_scale=0.0), course()
    far = SENSED._replace(cube=(0.5, 0.0, 0.0125), grip=(0.5, 0.0, 0.0125))
    found = [task.judge(sensed, IDLE, state) for sensed in [*[SENSED] * 8, far]]
    assert found[-1].stages["failed"]
    assert sum(found[7].terms.values()) == 0.0
    assert sum(sum(step.terms.values()) for step in found[:-1]) > 9.0
    assert sum(sum(step.terms.values()) for step in found) == pytest.approx(0.0, abs=1e-9)


def test_a_cube_that_was_set_down_at_the_goal_may_be_let_go() -> None:
    """Dropped from just above the goal, it keeps its reward and succeeds."""
    task, state = PickPlace(effort_weight=0.0, reach_scale=0.0), course()
    state.stages["lifted"] = True
    held, there = SENSED._replace(cube=(*state.goal[:2], 0.03)), SENSED._replace(cube=state.goal)
    steps = [*[held] * 8, *[there._replace(fixed=False, moving=False)] * 10]
    found = [task.judge(sensed, IDLE, state) for sensed in steps]
    assert [step.success for step in found] == [False] * 17 + [True]
    assert all(sum(step.terms.values()) >= 0.0 for step in found)


def test_lifting_pays_more_than_dragging_as_far() -> None:
    """The way is the same, 40 mm."""
    paid = []
    for cube in ((0.25, 0.04, 0.0125), (0.25, 0.0, 0.0525)):
        task, state = PickPlace(effort_weight=0.0, reach_scale=0.0), course(away=0.3)
        steps = [task.judge(sensed, IDLE, state) for sensed in [*[SENSED] * 5, SENSED._replace(cube=cube)]]
        paid.append(sum(steps[-1].terms.values()))
    assert 0.0 < paid[0] < paid[1] / 2


def test_coming_nearer_pays_at_any_height() -> None:
    """Approaching the goal earns reward at any height, so a cube held too high can be lowered later."""
    for height in (0.0125, 0.04, 0.06, 0.12):
        task, state = PickPlace(effort_weight=0.0, reach_scale=0.0), course(away=0.3)
        way = [SENSED._replace(cube=(0.25, 0.01 * step, height)) for step in range(29)]
        paid = [sum(task.judge(sensed, IDLE, state).terms.values()) for sensed in [*[way[0]] * 5, *way]]
        assert min(paid[6:]) > 0.0


def test_the_goal_of_observation_reward_marker_and_success_is_one(env: RoArmPickPlaceEnv) -> None:
    env.reset(seed=3)
    goal = (0.2, -0.1, 0.0125)
    env.episode.state.goal = goal  # type: ignore[misc]
    observation, _, _, _, info = env.step(np.zeros(6, np.float32))
    cube = env.episode.arm.sim.cube_pose()[0]  # type: ignore[attr-defined]
    assert observation[14:16] * 0.5 == pytest.approx(goal[:2], abs=1e-6)
    assert info["distance"] == pytest.approx(dist(cube, goal))
    assert env.episode.mark()[:2] == goal[:2]
    assert tuple(env.goal) == goal


@pytest.mark.parametrize("difficulty", [0.1, 0.5, 1.0])
def test_an_episode_starts_at_rest_and_untouched(env: RoArmPickPlaceEnv, difficulty: float) -> None:
    env.set_difficulty(difficulty)
    for seed in range(25):
        _, before = env.reset(seed=seed)
        cube, goal = env.episode.arm.sim.cube_pose()[0], env.goal  # type: ignore[attr-defined]
        for place in (cube, goal):
            assert RADII[0] - 1e-9 <= hypot(place[0], place[1]) <= RADII[1] + 1e-9
        for _ in range(3):
            info = env.step(np.zeros(6, np.float32))[4]
        assert info["distance"] == pytest.approx(before["distance"], abs=5e-4)
        assert not info["grasped"]
        assert info["reward_terms"]["cost"] == 0.0


def test_at_the_lowest_difficulty_closing_the_jaw_grasps(env: RoArmPickPlaceEnv) -> None:
    env.set_difficulty(0.1)
    close = np.array([0, 0, 0, 0, 0, -1], np.float32)
    for seed in range(10):
        env.reset(seed=seed)
        infos = [env.step(close)[4] for _ in range(16)]
        assert infos[-1]["grasped"]
        assert not infos[-1]["lifted"]


def test_the_hold_and_the_tolerance_are_options_of_the_task() -> None:
    task, state = replace(PickPlace(), hold_steps=2, tolerance=0.05), course()
    state.stages["lifted"] = True
    near = SENSED._replace(cube=(0.25, 0.06, 0.0125))
    assert [task.judge(near, IDLE, state).success for _ in range(2)] == [False, True]


@pytest.mark.parametrize(
    ("option", "value", "rule"),
    [
        ("object_edge", 0.04, "from 0.02 to 0.03 m"),
        ("object_mass", 1.0, "from 0.005 to 0.1 kg"),
        ("object_friction", 0.0, "from 0.3 to 1.5"),
        ("tolerance", 0.0, "from 0.005 to 0.1 m"),
    ],
    ids=str,
)
def test_a_bad_object_is_refused(option: str, value: float, rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        RoArmPickPlaceEnv(**{option: value})  # type: ignore[arg-type]
