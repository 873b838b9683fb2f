"""One suite for every registered environment: Gymnasium's contract, repeatability, rewards in proportion, options."""

import itertools
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env as check_by_gymnasium
from gymnasium.utils.passive_env_checker import env_render_passive_checker
from gymnasium.utils.seeding import np_random
from numpy.typing import NDArray
from stable_baselines3.common.env_checker import check_env as check_by_sb3

import roarm_envs
from roarm_envs.arm_errors import OptionError
from roarm_envs.env import RoArmReachEnv

EPISODE = 100  # steps
LENGTHS = {"RoArmReach-v0": 100, "RoArmPickPlace-v0": 200}  # steps
MAX_RETURN = 50.0
REACHED_SEEDS = range(20)
SIZES = {"RoArmReach-v0": (5, 19), "RoArmPickPlace-v0": (6, 30)}  # actions, observations

Step = tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]

of_reach = pytest.mark.parametrize("name", ["RoArmReach-v0"])


@pytest.fixture(params=sorted(roarm_envs.ENVIRONMENTS))
def name(request: pytest.FixtureRequest) -> str:
    """Every environment, unless a test is parametrised itself."""
    return str(request.param)


@pytest.fixture
def make(name: str) -> Iterator[Callable[..., Any]]:
    """Makes bare environments, and closes them after the test."""
    made: list[gym.Env[Any, Any]] = []

    def make_one(**options: Any) -> Any:
        made.append(gym.make(f"roarm_envs:{name}", **options).unwrapped)
        return made[-1]

    yield make_one
    for env in made:
        env.close()


@pytest.fixture
def size(name: str) -> int:
    """How many numbers an action has."""
    return SIZES[name][0]


def random_actions(seed: int, size: int, count: int = EPISODE) -> NDArray[np.float32]:
    return np.random.default_rng(seed).uniform(-1.0, 1.0, (count, size)).astype(np.float32)


def play(env: Any, seed: int, actions: Sequence[NDArray[np.float32]] | NDArray[np.float32]) -> list[Step]:
    """Steps until the episode or the actions end."""
    env.reset(seed=seed)
    steps: list[Step] = []
    for action in actions:
        steps.append(env.step(action))
        if steps[-1][2] or steps[-1][3]:
            break
    return steps


def trace(env: Any, seed: int, actions: NDArray[np.float32]) -> list[tuple[bytes, float, float]]:
    """An episode as exact bytes."""
    first, info = env.reset(seed=seed)
    steps = play(env, seed, actions)
    return [
        (first.tobytes(), 0.0, info["distance"]),
        *((step[0].tobytes(), step[1], step[4]["distance"]) for step in steps),
    ]


def goal_pose(env: RoArmReachEnv, seed: int) -> NDArray[np.float64]:
    """The joint angles (5,) rad in which the goal of that seed was drawn."""
    goal = env.task.sample_goal(env._arm, np_random(seed)[0])
    pose = env._arm.sim.joints()[0][:5]
    env.reset(seed=seed)
    assert env.goal.tolist() == list(goal)
    return pose


def drive_to_goal(env: RoArmReachEnv, seed: int) -> list[Step]:
    """Moves every joint towards its angle in the goal's pose, until the episode ends."""
    pose = goal_pose(env, seed)
    steps: list[Step] = []
    while not steps or not (steps[-1][2] or steps[-1][3]):
        angles = env._arm.sim.joints()[0][:5]
        steps.append(env.step(np.clip((pose - angles) / 0.1, -1.0, 1.0).astype(np.float32)))
    return steps


def test_gymnasiums_check_passes(make: Callable[..., Any]) -> None:
    env = make(render_mode="rgb_array")
    check_by_gymnasium(env, skip_render_check=True)  # raises, or warns, which is an error here
    env_render_passive_checker(env)  # the rest of the check opens a window


def test_stable_baselines_check_passes(make: Callable[..., Any]) -> None:
    check_by_sb3(make())


def test_spaces_are_boxes_of_one(make: Callable[..., Any], name: str) -> None:
    env = make()
    for space, count in zip((env.action_space, env.observation_space), SIZES[name], strict=True):
        assert space.shape == (count,)
        assert space.dtype == np.float32
        assert (space.low == -1.0).all()
        assert (space.high == 1.0).all()


def test_a_seed_and_actions_fix_the_episode(make: Callable[..., Any], size: int) -> None:
    """In a new environment as in a used one, independent of earlier episodes."""
    actions = random_actions(1, size)
    fresh, used = make(), make()
    wanted = trace(fresh, 5, actions)
    play(used, 9, np.full((60, size), 1.0, np.float32))  # into the table
    play(used, 2, random_actions(3, size, count=7))  # and an episode left unfinished
    assert trace(used, 5, actions) == wanted
    assert trace(fresh, 5, actions) == wanted


def test_a_fresh_process_plays_the_same_episode(make: Callable[..., Any], name: str, size: int) -> None:
    script = (
        "import gymnasium as gym, numpy as np\n"
        f"env = gym.make('roarm_envs:{name}').unwrapped\n"
        "env.reset(seed=5)\n"
        f"for action in np.random.default_rng(1).uniform(-1.0, 1.0, (40, {size})).astype(np.float32):\n"
        "    print(env.step(action)[0].tobytes().hex())\n"
        "env.close()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [step[0].tobytes().hex() for step in play(make(), 5, random_actions(1, size, 40))]


def test_every_episode_has_a_goal_of_its_own(make: Callable[..., Any]) -> None:
    env = make()
    goals = []
    for seed in (0, 1, None, None):
        env.reset(seed=seed)
        goals.append(tuple(env.goal))
    assert len(set(goals)) == 4


def test_no_action_leads_out_of_the_observation_space(make: Callable[..., Any], size: int) -> None:
    env = make()
    rough = np.random.default_rng(7).choice([-1.0, 1.0], (EPISODE, size)).astype(np.float32)
    for seed, actions in enumerate((random_actions(0, size), rough, random_actions(1, size) * 100)):
        assert env.observation_space.contains(env.reset(seed=seed)[0])
        assert all(env.observation_space.contains(step[0]) for step in play(env, seed, actions))


def test_constant_extreme_actions_stay_within_observations_and_return(
    make: Callable[..., Any], name: str, size: int
) -> None:
    env = make()
    for corner in itertools.product((-1.0, 1.0), repeat=5):
        steps = play(env, 0, np.tile(np.array([*corner, 0.3], np.float32)[:size], (LENGTHS[name], 1)))
        assert all(env.observation_space.contains(step[0]) for step in steps)
        assert abs(sum(step[1] for step in steps)) <= MAX_RETURN


@of_reach
def test_the_worst_return_stays_within_fifty(make: Callable[..., Any], name: str) -> None:
    """Straight into the table, away from a near goal: every term at its worst in one episode."""
    steps = play(make(), 160, np.tile(np.array([-1.0, 1.0, 1.0, -1.0, 1.0], np.float32), (EPISODE, 1)))
    assert sum(step[1] for step in steps) >= -MAX_RETURN


@of_reach
@pytest.mark.parametrize("seed", REACHED_SEEDS)
def test_every_goal_can_be_reached_and_ends_the_episode(make: Callable[..., Any], name: str, seed: int) -> None:
    env = make()
    steps = drive_to_goal(env, seed)
    *before, (_, reward, terminated, truncated, info) = steps
    assert (terminated, truncated, info["is_success"]) == (True, False, True)
    assert info["distance"] <= 0.02
    assert reward > 5.0
    assert len(steps) < EPISODE
    assert not any(step[2] or step[3] or step[4]["is_success"] for step in before)
    assert 0.0 < sum(step[1] for step in steps) <= MAX_RETURN


def test_time_runs_out(make: Callable[..., Any], name: str, size: int) -> None:
    count = LENGTHS[name]
    steps = play(make(), 0, np.zeros((count + 1, size), np.float32))
    assert len(steps) == count
    assert [step[2:4] for step in steps] == [(False, False)] * (count - 1) + [(False, True)]
    assert steps[-1][4]["is_success"] is False


@of_reach
def test_success_in_the_last_step_is_no_time_out(make: Callable[..., Any], name: str) -> None:
    needed = len(drive_to_goal(make(), 0))
    last = drive_to_goal(make(episode_seconds=needed / 20), 0)
    assert len(last) == needed
    assert last[-1][2:4] == (True, False)


def test_info_says_success_distance_and_terms(make: Callable[..., Any], name: str, size: int) -> None:
    env = make()

    def away() -> Any:
        sim = env._arm.sim
        return np.linalg.norm(env.goal - (sim.tool() if name == "RoArmReach-v0" else sim.cube_pose()[0]))

    _, info = env.reset(seed=3)
    assert info["is_success"] is False
    assert info["distance"] == pytest.approx(away())
    for action in random_actions(4, size, count=30):
        _, reward, _, _, info = env.step(action)
        assert isinstance(info["is_success"], bool)
        assert info["distance"] == pytest.approx(away())
        assert 3 <= len(info["reward_terms"]) <= 5
        assert reward == pytest.approx(sum(info["reward_terms"].values()), abs=1e-12)


def test_touching_the_table_costs(make: Callable[..., Any], name: str, size: int) -> None:
    steps = play(make(), 0, np.tile(np.array([0, 1, 1, 0, 0, 0], np.float32)[:size], (40, 1)))
    term, idle = ("collision", 0.0) if name == "RoArmReach-v0" else ("cost", -0.01)
    assert idle <= steps[0][4]["reward_terms"][term] <= 0.0
    assert steps[-1][4]["reward_terms"][term] < -0.09


@of_reach
def test_a_wider_tolerance_is_reached_sooner(make: Callable[..., Any], name: str) -> None:
    narrow, wide = drive_to_goal(make(), 1), drive_to_goal(make(tolerance=0.1), 1)
    assert len(wide) < len(narrow)
    assert 0.02 < wide[-1][4]["distance"] <= 0.1


@pytest.mark.parametrize(
    ("option", "value", "rule"),
    [
        ("tolerance", 0.0, "from 0.0"),
        ("tolerance", -0.02, "must be a number"),
        ("tolerance", float("nan"), "must be a number"),
        ("tolerance", "0.02", "must be a number"),
        ("tolerance", True, "must be a number"),
        ("tolerance", None, "must be a number"),
        ("episode_seconds", 0, "from 0.05 to 600 s"),
        ("episode_seconds", 1e9, "from 0.05 to 600 s"),
        ("render_mode", "ansi", "valid: rgb_array, human"),
        ("reward", "shaped", "valid: dense, sparse"),
        ("difficulty", 0.0, "from 0.1 to 1 in steps of 0.1"),
        ("difficulty", 0.15, "from 0.1 to 1 in steps of 0.1"),
        ("difficulty", True, "from 0.1 to 1 in steps of 0.1"),
    ],
    ids=str,
)
def test_a_bad_option_is_refused_with_its_rule(name: str, option: str, value: object, rule: str) -> None:
    kind = gym.spec(name).entry_point
    assert isinstance(kind, str)
    with pytest.raises(OptionError) as refused:
        gym.envs.registration.load_env_creator(kind)(**{option: value})
    message = str(refused.value)
    assert message.startswith(f"{option}: {value!r} ")
    assert rule in message
    assert "\n" not in message


def test_closing_twice_is_harmless(make: Callable[..., Any]) -> None:
    env = make()
    env.close()
    env.close()
    assert env._arm.sim._client < 0


def test_an_action_that_is_no_number_is_refused(make: Callable[..., Any], size: int) -> None:
    """It would corrupt the simulation: no later reset would find a pose."""
    env = make()
    env.reset(seed=0)
    with pytest.raises(ValueError, match="action"):
        env.step(np.full(size, np.nan, np.float32))
