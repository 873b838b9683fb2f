"""The expert solves every task, and the reward ranks policies: zero or random < half an expert < expert."""

from collections.abc import Callable, Iterator
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import roarm_envs

EPISODES = 12
Policy = Callable[[Any], Any]

pytestmark = pytest.mark.parametrize("name", sorted(roarm_envs.ENVIRONMENTS))


@pytest.fixture
def make(name: str) -> Iterator[Callable[..., Any]]:
    made: list[Any] = []

    def make_one(**options: Any) -> Any:
        made.append(gym.make(f"roarm_envs:{name}", **options).unwrapped)
        return made[-1]

    yield make_one
    for env in made:
        env.close()


def returns(env: Any, kind: str, episodes: int, seed: int = 100) -> tuple[float, float]:
    """Mean return and success rate of a policy: zero, random, expert, or half, an expert that stops halfway."""
    rng, total, successes = np.random.default_rng(seed), 0.0, 0
    for episode in range(episodes):
        observation, _ = env.reset(seed=seed + episode)
        expert, steps, over = env.make_expert(), 0, False
        stop = {"half": 5 if env.max_steps == 100 else 40}.get(kind, env.max_steps)
        while not over:
            action = np.zeros(env.action_space.shape, np.float32)
            if kind == "random":
                action = rng.uniform(-1.0, 1.0, env.action_space.shape).astype(np.float32)
            elif kind in ("half", "expert") and steps < stop:
                action = expert(observation)
            observation, reward, terminated, truncated, info = env.step(action)
            total, steps, over = total + reward, steps + 1, terminated or truncated
        successes += info["is_success"]
    return total / episodes, successes / episodes


def test_returns_order_as_the_policies_do(make: Callable[..., Any]) -> None:
    env = make()
    found = {kind: returns(env, kind, EPISODES) for kind in ("zero", "random", "half", "expert")}
    assert max(found["zero"][0], found["random"][0]) < found["half"][0] < found["expert"][0]
    assert max(found["zero"][1], found["random"][1]) <= 0.15
    assert found["expert"][1] == 1.0
    assert all(abs(value) <= 50.0 for value, _ in found.values())


@pytest.mark.slow
def test_the_expert_does_it_a_hundred_times(make: Callable[..., Any], name: str) -> None:
    success = returns(make(), "expert", 100, seed=5000)[1]
    assert success >= (1.0 if name == "RoArmReach-v0" else 0.95)


@pytest.mark.parametrize("difficulty", [0.1, 0.5])
def test_the_expert_does_it_at_every_difficulty(make: Callable[..., Any], difficulty: float) -> None:
    assert returns(make(difficulty=difficulty), "expert", EPISODES)[1] >= 0.9


def test_an_easier_start_is_nearer(make: Callable[..., Any]) -> None:
    env, ways = make(), []
    for difficulty in (0.1, 0.3, 0.6, 1.0):
        env.set_difficulty(difficulty)
        ways.append(np.mean([env.reset(seed=seed)[1]["distance"] for seed in range(40)]))
    assert ways == sorted(ways)
    assert ways[0] < 0.5 * ways[-1]


def test_the_difficulty_moves_the_arm_and_not_only_the_marker(make: Callable[..., Any]) -> None:
    env = make(difficulty=0.1)
    observation, _ = env.reset(seed=0)
    easy = env.episode.arm.sim.joints()[0][:5]
    env.set_difficulty(1.0)
    assert np.abs(env.episode.arm.sim.joints()[0][:5] - easy).max() == 0.0
    hard, _ = env.reset(seed=0)
    assert np.abs(env.episode.arm.sim.joints()[0][:5] - easy).max() > 0.1
    assert (observation[:5] != hard[:5]).any()


def test_a_sparse_reward_is_the_bonus_alone(make: Callable[..., Any]) -> None:
    env = make(reward="sparse")
    total, success = returns(env, "expert", 2)
    assert success == 1.0
    assert total == pytest.approx({100: 10.0, 200: 15.0}[env.max_steps])


@pytest.mark.parametrize("kind", ["expert", "random"])
def test_a_picture_changes_nothing(make: Callable[..., Any], kind: str) -> None:
    plain, seen = make(), make(render_mode="rgb_array")
    rng = np.random.default_rng(1)
    observations = [env.reset(seed=4)[0] for env in (plain, seen)]
    expert = plain.make_expert()
    for step in range(25):
        action = expert(None) if kind == "expert" else rng.uniform(-1.0, 1.0, plain.action_space.shape)
        if step % 5 == 0:
            picture = seen.render()
            assert picture.shape == (336, 480, 3)
            assert picture.dtype == np.uint8
        results = [env.step(action) for env in (plain, seen)]
        assert results[0][0].tobytes() == results[1][0].tobytes()
        if results[0][2]:
            break
    assert observations[0].tobytes() == observations[1].tobytes()


def test_the_goal_is_red_and_green_once_reached(make: Callable[..., Any], name: str) -> None:
    env = make(render_mode="rgb_array")
    observation, _ = env.reset(seed=3)
    red, green = coloured(env.render(), 0), coloured(env.render(), 1)
    assert red > 20
    expert, over = env.make_expert(), False
    while not over:
        observation, _, terminated, truncated, _ = env.step(expert(observation))
        over = terminated or truncated
    done = env.render()
    assert coloured(done, 0) < 5
    assert coloured(done, 1) > green + 10


def coloured(picture: Any, channel: int) -> int:
    """How many pixels are of the marker's colour."""
    pixels = picture.reshape(-1, 3).astype(int)
    others = np.delete(pixels, channel, axis=1).max(axis=1)
    return int((pixels[:, channel] > 2.1 * others).sum())


def test_without_a_render_mode_there_is_no_picture(make: Callable[..., Any]) -> None:
    env = make()
    env.reset(seed=0)
    with pytest.warns(UserWarning, match="render_mode"):
        assert env.render() is None
