"""The vector environment does bit for bit what Stable-Baselines3's DummyVecEnv does with the same environments."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv, VecFrameStack, VecMonitor, VecNormalize
from vec_env_records import actions, frozen, record

from roarm_envs.env import RoArmEnv, RoArmPickPlaceEnv, RoArmReachEnv

Options = dict[str, Any]
Make = Callable[..., VecEnv]

SHORT: Options = {"episode_seconds": 0.7, "tolerance": 0.2}  # many episodes end, in both ways


@pytest.fixture
def closing() -> Iterator[list[VecEnv]]:
    made: list[VecEnv] = []
    yield made
    for env in made:
        env.close()


@pytest.fixture
def make(closing: list[VecEnv]) -> Make:
    """Makes the vector environment under test."""

    def make_one(n_envs: int = 3, **options: Any) -> VecEnv:
        closing.append(RoArmReachEnv.make_vec_env(n_envs, **options))
        return closing[-1]

    return make_one


@pytest.fixture
def make_stock(closing: list[VecEnv]) -> Make:
    """Makes the DummyVecEnv to compare with."""

    def make_one(n_envs: int = 3, **options: Any) -> VecEnv:
        closing.append(DummyVecEnv([lambda: RoArmReachEnv(**options)] * n_envs))
        return closing[-1]

    return make_one


@pytest.mark.parametrize("n_envs", [1, 3, 8])
@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="default"),
        pytest.param(SHORT, id="short"),
        pytest.param({"episode_seconds": 0.05}, id="one step"),
        pytest.param({"tolerance": 0.25}, id="wide"),
        pytest.param({**SHORT, "reward": "sparse", "success_bonus": 7}, id="sparse"),
        pytest.param({**SHORT, "progress_scale": 12.5, "success_bonus": 30.0, "effort_weight": 0.05}, id="weights"),
    ],
)
def test_every_step_is_that_of_the_stock_environment(
    make: Make, make_stock: Make, n_envs: int, options: Options
) -> None:
    steps = actions(350, n_envs)
    wanted, found = record(make_stock(n_envs, **options), steps), record(make(n_envs, **options), steps)
    for number, (a, b) in enumerate(zip(wanted, found, strict=True)):
        assert a == b, f"entry {number}"


def test_the_comparison_sees_ends_of_both_kinds(make: Make) -> None:
    env = make(3, **SHORT)
    env.seed(11)
    env.reset()
    infos = [info for step in actions(350, 3) for info in env.step(step)[3]]
    ends = [(info["is_success"], info["TimeLimit.truncated"]) for info in infos if "terminal_observation" in info]
    assert ends.count((True, False)) > 10
    assert ends.count((False, True)) > 10
    assert any(info["reward_terms"]["collision"] < 0 for info in infos)


def test_rows_do_not_depend_on_their_neighbours(make: Make) -> None:
    """The third of three arms does the same as a single arm."""
    steps = actions(120, 3)
    many, one = make(3, **SHORT), make(1, **SHORT)
    many.seed(5)
    one.seed(7)
    rows = [many.reset()[2:], *(many.step(step)[0][2:] for step in steps)]  # type: ignore[index]
    assert [frozen(row) for row in rows] == [
        frozen(row) for row in [one.reset(), *(one.step(step[2:])[0] for step in steps)]
    ]


def test_results_of_a_step_are_not_overwritten(make: Make) -> None:
    env = make(2, **SHORT)
    env.reset()
    kept = []
    for step in actions(60, 2):
        result = env.step(step)
        kept.append((result, frozen(list(result))))
    assert all(frozen(list(result)) == before for result, before in kept)


def test_a_reset_by_hand_is_where_the_next_step_starts(make: Make, make_stock: Make) -> None:
    histories = []
    for env in (make_stock(3), make(3)):
        history = record(env, actions(10, 3))
        history.append(frozen(env.env_method("reset", seed=77, indices=1)))
        history.append([[frozen(part) for part in env.step(step)] for step in actions(10, 3, seed=1)])
        histories.append(history)
    assert histories[0] == histories[1]


def test_a_step_by_hand_moves_one_arm(make: Make, make_stock: Make) -> None:
    histories = []
    for env in (make_stock(3), make(3)):
        record(env, actions(10, 3))
        by_hand = env.env_method("step", np.ones(5, np.float32), indices=[2])
        histories.append([frozen(by_hand), frozen(list(env.step(actions(1, 3)[0])))])
    assert histories[0] == histories[1]


def test_seeds_and_options_are_used_once(make: Make) -> None:
    env = make(2)
    env.seed(3)
    env.set_options({"anything": 1})
    first = frozen(env.reset())
    assert env._options == [{}, {}]
    assert frozen(env.reset()) != first
    env.seed(3)
    assert frozen(env.reset()) == first


def test_attributes_are_those_of_the_environments(make: Make, make_stock: Make) -> None:
    stock, env = make_stock(3, **SHORT), make(3, **SHORT)
    for each in (stock, env):
        each.seed(1)
        each.reset()
    for name in ("goal", "max_steps", "task", "render_mode", "metadata"):
        assert frozen(env.get_attr(name)) == frozen(stock.get_attr(name))
    assert frozen(env.get_attr("goal", indices=[2, 0])) == frozen(stock.get_attr("goal", indices=[2, 0]))
    with pytest.raises(AttributeError):
        env.get_attr("no_such_thing")
    assert not env.has_attr("no_such_thing")
    assert env.unwrapped is env


def test_an_attribute_that_is_set_counts(make: Make, make_stock: Make) -> None:
    histories = []
    for env in (make_stock(3), make(3)):
        env.set_attr("max_steps", 4, indices=1)
        env.set_attr("task", replace(env.get_attr("task")[0], tolerance=0.3))
        assert env.get_attr("max_steps") == [100, 4, 100]
        assert [task.tolerance for task in env.get_attr("task")] == [0.3] * 3
        histories.append(record(env, actions(40, 3)))
    assert histories[0] == histories[1]


def test_no_environment_is_wrapped(make: Make) -> None:
    assert make(2).env_is_wrapped(Monitor) == [False, False]
    assert make(2).env_is_wrapped(Monitor, indices=0) == [False]


def test_spaces_are_those_of_one_environment(make: Make) -> None:
    env, one = make(2), RoArmReachEnv()
    assert (env.num_envs, env.observation_space, env.action_space) == (2, one.observation_space, one.action_space)
    one.close()


@pytest.mark.parametrize(
    ("difficulty", "options"),
    [
        (1.0, {}),
        (0.1, {"episode_seconds": 1.5}),
        (0.4, {"episode_seconds": 2.0, "variation": True}),
    ],
    ids=["full", "in the grasp", "varied"],
)
@pytest.mark.parametrize("kind", [RoArmReachEnv, RoArmPickPlaceEnv])
def test_every_task_is_stepped_as_by_the_stock_environment(
    kind: type[RoArmEnv[Any]], difficulty: float, options: Options, closing: list[VecEnv]
) -> None:
    histories = []
    made: list[VecEnv] = [
        DummyVecEnv([lambda: kind(difficulty=0.5, **options)] * 2),
        kind.make_vec_env(2, difficulty=0.5, **options),
    ]
    closing.extend(made)
    for env in made:
        env.env_method("set_difficulty", difficulty)
        drawn = np.random.default_rng(3).uniform(-1.0, 1.0, (30, 2, *(env.action_space.shape or ())))
        drawn[:, :, 5:] -= 0.4  # the jaw closes, sooner or later
        histories.append(record(env, np.repeat(drawn, 4, axis=0).astype(np.float32)))
    assert histories[0] == histories[1]


def test_without_a_render_mode_there_are_no_pictures(make: Make) -> None:
    env = make(2)
    assert env.render_mode is None
    with pytest.warns(UserWarning, match="no pictures"):
        assert env.get_images() == [None, None]
    with pytest.warns(UserWarning, match="render"):
        assert env.render() is None


@pytest.mark.parametrize(
    "wrap",
    [
        pytest.param(VecMonitor, id="VecMonitor"),
        pytest.param(lambda env: VecNormalize(env, gamma=0.9), id="VecNormalize"),
        pytest.param(lambda env: VecFrameStack(env, 3), id="VecFrameStack"),
        pytest.param(lambda env: VecNormalize(VecMonitor(env, info_keywords=("is_success",))), id="both"),
    ],
)
def test_wrappers_work_as_on_the_stock_environment(
    make: Make, make_stock: Make, wrap: Callable[[VecEnv], VecEnv]
) -> None:
    steps = actions(100, 3)
    histories = []
    for env in (make_stock(3, **SHORT), make(3, **SHORT)):
        history = record(wrap(env), steps)
        for _, _, _, infos in history[2::2]:
            for info in infos:
                info.get("episode", {}).pop("t", None)  # seconds of the clock
        histories.append(history)
    assert histories[0] == histories[1]


@pytest.mark.parametrize("kind", [RoArmReachEnv, RoArmPickPlaceEnv])
def test_with_a_render_mode_there_is_a_picture_of_each_arm(kind: type[RoArmEnv[Any]], closing: list[VecEnv]) -> None:
    env = kind.make_vec_env(2, render_mode="rgb_array")
    closing.append(env)
    env.seed(1)
    env.reset()
    first, second = env.get_images()
    assert first is not None
    assert second is not None
    assert first.shape == second.shape == (336, 480, 3)
    assert (first != second).any()
    tiled = env.render(mode="rgb_array")
    assert tiled is not None
    assert tiled.dtype == np.uint8


def test_closing_twice_is_harmless(make: Make) -> None:
    env = make(2)
    env.close()
    env.close()
    with pytest.raises(Exception, match="Not connected to physics server"):
        env.reset()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf], ids=str)
def test_an_action_that_is_no_number_is_refused_before_anything_moves(make: Make, bad: float) -> None:
    env = make(3)
    env.seed(0)
    env.reset()
    wanted = frozen(list(env.step(np.zeros((3, 5), np.float32))))
    env.seed(0)
    env.reset()
    broken = np.zeros((3, 5), np.float32)
    broken[2, 4] = bad
    with pytest.raises(ValueError, match=r"action .* must be finite"):
        env.step(broken)
    assert frozen(list(env.step(np.zeros((3, 5), np.float32)))) == wanted


@pytest.mark.parametrize("shape", [(5,), (2, 5), (3, 4), (3, 5, 1)], ids=str)
def test_actions_of_another_shape_are_refused(make: Make, shape: tuple[int, ...]) -> None:
    env = make(3)
    env.reset()
    with pytest.raises(ValueError, match="shape"):
        env.step(np.zeros(shape, np.float32))
