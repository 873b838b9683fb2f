"""Variation: off by default, drawn from the episode's generator, reported in `info`, and effective."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from roarm_envs.arm_errors import OptionError
from roarm_envs.env import RoArmPickPlaceEnv, RoArmReachEnv
from roarm_envs.robot import Backlash
from roarm_envs.variation import QUANTITIES, Lag

Make = Callable[..., Any]
PUSH = np.array([1.0, -0.5, 0.4, 0.3, 0.2, 0.0], np.float32)


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[Any] = []

    def make_one(kind: Any = RoArmReachEnv, **options: Any) -> Any:
        made.append(kind(**options))
        return made[-1]

    yield make_one
    for env in made:
        env.close()


def path(env: Any, seed: int = 0, steps: int = 12) -> list[bytes]:
    observations = [env.reset(seed=seed)[0]]
    size = env.action_space.shape[0]
    swing = np.array([1.0, 1.0, -1.0, 1.0, 1.0, 0.0], np.float32)[:size]  # hard enough to take all of a servo's torque
    observations += [env.step(swing if step % 6 < 3 else -swing)[0] for step in range(steps)]
    return [row.tobytes() for row in observations]


def test_it_is_off_by_default(make: Make) -> None:
    assert "variation" not in make().reset(seed=0)[1]


@pytest.mark.parametrize("kind", [RoArmReachEnv, RoArmPickPlaceEnv])
def test_drawn_values_are_in_info_and_within_the_default_ranges(make: Make, kind: Any) -> None:
    env = make(kind, variation=True)
    seen = [env.reset(seed=seed)[1]["variation"] for seed in range(30)]
    names = [name for name, row in QUANTITIES.items() if kind is RoArmPickPlaceEnv or not row.thing]
    assert list(seen[0]) == names
    for name in names:
        low, high = QUANTITIES[name].usual
        values = [drawn[name] for drawn in seen]
        assert low <= min(values) < max(values) <= high
    assert {drawn["delay"] for drawn in seen} == {0, 1, 2, 3}
    assert env.reset(seed=7)[1]["variation"] == seen[7]


@pytest.mark.parametrize("kind", [RoArmReachEnv, RoArmPickPlaceEnv])
def test_a_seed_determines_it_after_any_earlier_episode(make: Make, kind: Any) -> None:
    used, fresh = make(kind, variation=True), make(kind, variation=True)
    for seed in range(5):
        path(used, seed=seed)
    assert path(used, seed=9) == path(fresh, seed=9)


@pytest.mark.parametrize(
    "ranges",
    [{"delay": [2, 2]}, {"encoder_noise": [0.01, 0.01]}, {"backlash": [0.03, 0.03]}, {"joint_friction": [0.5, 0.5]},
     {"payload": [0.2, 0.2]}],
    ids=lambda ranges: next(iter(ranges)),
)  # fmt: skip
def test_each_is_felt(make: Make, ranges: dict[str, list[float]]) -> None:
    env = make(variation=ranges)
    assert set(env.reset(seed=0)[1]["variation"]) == set(ranges)
    # ranges of one value: the goal is drawn after them, so that only the way there is compared
    plain = make(variation={name: [0, 0] for name in ranges})
    assert path(env)[1:] != path(plain)[1:]


def test_a_delayed_arm_waits(make: Make) -> None:
    env = make(variation={"delay": [2, 2]})
    env.reset(seed=0)
    moved = []
    for _ in range(4):
        env.step(PUSH[:5])
        moved.append(abs(env.episode.arm.sim.joints()[0][0]) > 0.01)
    assert moved == [False, False, True, True]


def test_noise_is_seen_but_does_not_count(make: Make) -> None:
    noisy, exact = make(variation={"encoder_noise": [0.02, 0.02]}), make(variation={"encoder_noise": [0.0, 0.0]})
    noisy.reset(seed=0)
    exact.reset(seed=0)
    a, b = noisy.step(PUSH[:5]), exact.step(PUSH[:5])
    assert a[0][:5].tolist() != b[0][:5].tolist()
    assert noisy.episode.arm.sim.joints()[0].tolist() == exact.episode.arm.sim.joints()[0].tolist()


def test_the_object_is_the_one_that_was_drawn(make: Make) -> None:
    env = make(RoArmPickPlaceEnv, variation={"object_edge": [0.02, 0.03], "object_mass": [0.01, 0.05]})
    edges = set()
    for seed in range(15):
        drawn = env.reset(seed=seed)[1]["variation"]
        cube = env.episode.arm.sim.cube
        assert (cube.edge, cube.mass) == (drawn["object_edge"], drawn["object_mass"])
        for _ in range(3):
            env.step(np.zeros(6, np.float32))
        assert env.episode.arm.sim.cube_pose()[0][2] == pytest.approx(cube.edge / 2, abs=1e-3)
        edges.add(cube.edge)
    assert len(edges) > 5


def test_a_lag_passes_actions_on_in_order() -> None:
    lag = Lag(2, 1)
    assert [lag.pass_on([float(step)]) for step in range(4)] == [[0.0], [0.0], [0.0], [1.0]]


def test_gears_with_play_follow_late_and_turn_back_late() -> None:
    gears = Backlash(0.2, [0.0])
    assert [round(gears.follow([at])[0], 9) for at in (0.05, 0.3, 0.25, 0.05)] == [0.0, 0.2, 0.2, 0.15]


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        ({"delay": [0, 4]}, "two numbers from 0 to 3 control steps"),
        ({"delay": [0.5, 2]}, "whole numbers"),
        ({"payload": [0.1, 0.0]}, "the lower first"),
        ({"payload": 0.1}, "two numbers"),
        ({"payload": [0.0, float("nan")]}, "two numbers"),
        ({"payload": ["0", 0.1]}, "two numbers"),
        ({"weight": [0, 1]}, "'weight' cannot vary here; valid: delay"),
        ({"object_edge": [0.02, 0.03]}, "cannot vary here"),
        ("all", "must be true, false or a range"),
        (None, "must be true, false or a range"),
    ],
    ids=str,
)
def test_a_bad_range_is_refused(value: Any, rule: str) -> None:
    with pytest.raises(OptionError) as refused:
        RoArmReachEnv(variation=value)
    assert rule in str(refused.value)
    assert "\n" not in str(refused.value)
