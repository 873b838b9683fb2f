"""Pictures and the live view: every goal is in the picture, and the window shows the simulated state."""

from collections.abc import Callable, Iterator
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from roarm_envs.arm_errors import DisplayMissing, OptionError, WindowClosed
from roarm_envs.env import RoArmEnv, RoArmPickPlaceEnv, RoArmReachEnv
from roarm_envs.sim import live_view
from roarm_envs.sim.bullet import pybullet

KINDS: list[type[RoArmEnv[Any]]] = [RoArmReachEnv, RoArmPickPlaceEnv]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Windows without a display: the commands go to an invisible world. Records the waits."""
    waits: list[float] = []
    monkeypatch.setattr(live_view, "check_display", lambda: None)
    monkeypatch.setattr(live_view, "SETTLING", 0.0)
    monkeypatch.setattr(pybullet, "GUI", pybullet.DIRECT)
    monkeypatch.setattr("time.sleep", waits.append)
    return waits


@pytest.fixture(params=KINDS)
def env(request: pytest.FixtureRequest, opened: list[float]) -> Iterator[RoArmEnv[Any]]:
    env = request.param(render_mode="human")
    yield env
    env.close()


@pytest.mark.parametrize("kind", KINDS)
def test_every_goal_and_thing_is_in_the_picture(kind: Callable[..., RoArmEnv[Any]]) -> None:
    env = kind(render_mode="rgb_array")
    env.reset(seed=0)
    picture = env.render()
    assert picture is not None
    assert (picture[0, 0] == (206, 216, 226)).all()  # the sky
    assert env._camera is not None
    for seed in range(300):
        env.reset(seed=seed)
        points = [env.episode.mark(), *(thing.position for thing in env.episode.arm.sim.things())]
        env._camera.begin(env.episode.mark(), env.episode.arm.tool())
        assert all(env._camera.sees(point) for point in points)
    assert not env._camera.sees((0.0, 0.0, 2.0))
    env.close()


def test_the_window_has_the_poses_of_what_is_simulated(env: RoArmEnv[Any]) -> None:
    assert gym.make(f"roarm_envs:{type(env).__name__.removesuffix('Env')}-v0").metadata["render_modes"][1] == "human"
    env.reset(seed=3)
    expert = env.make_expert()
    for _ in range(5):
        env.step(expert(None))
    shown, sim = env._window, env.episode.arm.sim
    assert shown is not None
    states = pybullet.getJointStates(shown._arm, sim.driven, shown._client)
    assert [state[0] for state in states] == [state[0] for state in sim.joint_states()]
    for thing in sim.things():
        body = shown._cubes[thing.edge]
        assert pybullet.getBasePositionAndOrientation(body, shown._client)[0] == pytest.approx(thing.position)
    assert len(shown._cubes) == len(sim.things())


def like(env: RoArmEnv[Any], **options: Any) -> RoArmEnv[Any]:
    kind: Any = type(env)
    made: RoArmEnv[Any] = kind(**options)
    return made


def test_the_window_changes_nothing(env: RoArmEnv[Any]) -> None:
    plain = like(env)
    assert plain.reset(seed=4)[0].tobytes() == env.reset(seed=4)[0].tobytes()
    for _ in range(10):
        action = np.ones(env.action_space.shape or (), np.float32)
        assert plain.step(action)[0].tobytes() == env.step(action)[0].tobytes()
    plain.close()


def test_steps_come_at_the_control_rate(env: RoArmEnv[Any], opened: list[float]) -> None:
    opened.clear()
    env.reset(seed=1)
    env.step(np.zeros(env.action_space.shape or (), np.float32))
    assert len(opened) == 2
    assert all(0.0 <= wait <= 0.1 for wait in opened)
    assert env.render() is None  # shows, and does not wait
    assert len(opened) == 2


def test_a_process_has_one_window(env: RoArmEnv[Any]) -> None:
    with pytest.raises(OptionError, match="'human' shows one arm, since PyBullet opens one window per process"):
        like(env, render_mode="human")
    env.close()
    like(env, render_mode="human").close()


@pytest.mark.parametrize("kind", KINDS)
def test_several_arms_have_no_window(kind: type[RoArmEnv[Any]]) -> None:
    with pytest.raises(OptionError, match="n_envs=1"):
        kind.make_vec_env(2, render_mode="human")


def test_a_vector_of_one_shows_its_steps(opened: list[float]) -> None:
    env = RoArmReachEnv.make_vec_env(1, render_mode="human")
    env.reset()
    before = len(opened)
    env.step(np.zeros((1, 5), np.float32))
    assert len(opened) == before + 1
    env.close()


def test_a_closed_window_is_an_error(env: RoArmEnv[Any]) -> None:
    env.reset(seed=1)
    assert env._window is not None
    pybullet.disconnect(env._window._client)
    with pytest.raises(WindowClosed, match="the window was closed"):
        env.step(np.zeros(env.action_space.shape or (), np.float32))


@pytest.mark.parametrize(("display", "words"), [("", "DISPLAY is not set"), (":4711", "':4711'|libX11")])
def test_without_a_display_there_is_a_line_and_no_end_of_the_process(
    monkeypatch: pytest.MonkeyPatch, display: str, words: str
) -> None:
    monkeypatch.setenv("DISPLAY", display)
    with pytest.raises(DisplayMissing, match=f"(?:{words}).*; use render_mode='rgb_array'"):
        RoArmReachEnv(render_mode="human")
    RoArmReachEnv().close()
