"""Environments of trials: the class's own vector environment, or a LeanVecEnv of single environments."""

from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv

from tuner.errors import EnvironmentFailed, EnvironmentUnusable, TrialDiverged
from tuner.records import EnvironmentRef
from tuner.training.environments import VecGuard, make_vec_env
from tuner.training.evaluation import Evaluator
from tuner.training.lean_vec_env import LeanVecEnv

ARM = "roarm_envs:RoArmReach-v0"


def own(n_envs: int = 2, name: str = "Own", **kwargs: Any) -> VecEnv:
    return make_vec_env(EnvironmentRef(id=f"tuner_toys:Toy{name}-v0", kwargs=kwargs, n_envs=n_envs))


def test_an_environment_that_offers_a_vector_environment_is_asked_for_it() -> None:
    env = own(3)
    assert isinstance(env, VecGuard)
    assert (env.num_envs, env.venv.own) == (3, True)  # type: ignore[attr-defined]


def test_the_arm_offers_one() -> None:
    env = make_vec_env(EnvironmentRef(id=ARM, n_envs=2))
    assert type(env.unwrapped).__name__ == "ArmVecEnv"
    env.close()


@pytest.mark.parametrize(
    ("name", "kwargs"),
    [
        pytest.param("Line", {}, id="none offered"),
        pytest.param("OwnLimited", {}, id="wrappers registered with it"),
        pytest.param("Own", {"max_episode_steps": 4}, id="wrappers asked for"),
    ],
)
def test_any_other_environment_is_put_into_a_dummy_vec_env(name: str, kwargs: dict[str, Any]) -> None:
    env = own(2, name, **kwargs)
    assert type(env) is LeanVecEnv
    assert env.env_is_wrapped(Monitor) == [True, True]


def test_registered_arguments_reach_it_under_the_studys() -> None:
    assert own(1, "OwnScaled").get_attr("_scale") == [3.0]
    assert own(1, "OwnScaled", scale=2.0).get_attr("_scale") == [2.0]


def test_an_unknown_argument_is_refused_by_name() -> None:
    with pytest.raises(EnvironmentUnusable, match=r"has no option 'colour'; valid: \w+"):
        own(colour="red")


@pytest.mark.parametrize(
    ("made", "found"),
    [
        pytest.param(lambda n: None, "NoneType", id="nothing"),
        pytest.param(lambda n: DummyVecEnv([tuner_toys_line] * (n + 1)), "one of 3", id="one too many"),
        pytest.param(lambda n: gym.make_vec("tuner_toys:ToyLine-v0", n), "SyncVectorEnv", id="Gymnasium's"),
    ],
)
def test_a_wrong_vector_environment_is_refused(
    made: Callable[[int], Any], found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tuner_toys

    monkeypatch.setattr(tuner_toys.Own, "make_vec_env", staticmethod(lambda n, **kwargs: made(n)))
    with pytest.raises(EnvironmentUnusable, match=rf"make_vec_env\(2\) must return .* VecEnv of 2 .*{found}"):
        own(2)


def tuner_toys_line() -> Any:
    return gym.make("tuner_toys:ToyLine-v0")


def test_an_entry_point_that_cannot_be_imported_is_refused() -> None:
    gym.register("Missing-v0", entry_point="nowhere_to_be:Env")
    with pytest.raises(EnvironmentUnusable, match="'Missing-v0' cannot be made: No module named 'nowhere_to_be'"):
        make_vec_env(EnvironmentRef(id="Missing-v0"))


def step(env: VecEnv) -> Any:
    env.seed(0)  # goals that are not reached in one step, after which another episode's observation would come
    env.reset()
    return env.step(np.ones((2, 1), dtype=np.float32))


@pytest.mark.parametrize(
    ("fault", "act", "error", "words"),
    [
        ("reset", lambda env: env.reset(), EnvironmentFailed, "raised in reset: RuntimeError: the gripper"),
        ("reset", lambda env: env.env_method("reset", seed=1), EnvironmentFailed, "raised in reset: RuntimeError"),
        ("step", step, EnvironmentFailed, "raised in step: RuntimeError: the gripper fell off"),
        ("close", lambda env: env.close(), EnvironmentFailed, "raised in close: RuntimeError: the gripper"),
        ("observation", step, TrialDiverged, "an observation is not finite"),
        ("reward", step, TrialDiverged, "the reward is inf"),
    ],
)
def test_its_errors_are_reported_as_its_own(
    fault: str, act: Callable[[VecEnv], Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        act(own(fault=fault))


def test_great_values_are_finite_ones() -> None:
    env = own(2)
    env.reset()
    guard = env
    assert isinstance(guard, VecGuard)
    rewards = np.array([1e300, -1e300])
    guard.venv.step_wait = lambda: (np.full((2, 2), 1e30, np.float32), rewards, np.zeros(2, bool), [{}, {}])  # type: ignore[method-assign]
    assert guard.step_wait()[1] is rewards


def test_episodes_are_recorded_as_by_sb3s_monitor() -> None:
    def episodes(env: VecEnv) -> list[tuple[int, float, int]]:
        found = []
        env.seed(5)
        env.reset()
        for number in range(30):
            actions = np.full((2, 1), 0.4 if number % 3 else -0.2, dtype=np.float32)
            for index, info in enumerate(env.step(actions)[3]):
                if "episode" in info:
                    found.append((index, info["episode"]["r"], info["episode"]["l"]))
        env.close()
        return found

    monitored = DummyVecEnv([lambda: Monitor(gym.make("tuner_toys:ToyOwn-v0"))] * 2)
    recorded = episodes(own(2))
    assert len(recorded) >= 6
    for mine, theirs in zip(recorded, episodes(monitored), strict=True):
        assert mine == pytest.approx(theirs, abs=1e-5)


def test_a_reset_by_hand_begins_an_episode_anew() -> None:
    env = own(2)
    env.reset()
    for _ in range(3):
        env.step(np.zeros((2, 1), dtype=np.float32))
    env.env_method("reset", seed=2, indices=1)
    lengths: dict[int, int] = {}
    for _ in range(8):
        for index, info in enumerate(env.step(np.zeros((2, 1), dtype=np.float32))[3]):
            if "episode" in info:
                lengths.setdefault(index, info["episode"]["l"])
    assert lengths == {0: 8, 1: 8}


def test_the_evaluation_is_the_same_over_either_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    def evaluated(name: str) -> dict[str, Any]:
        evaluator = Evaluator(EnvironmentRef(id=f"tuner_toys:Toy{name}-v0"), objective="success", most_goals=12)
        result = evaluator.run(lambda observations: np.clip(observations[:, 1:], 0.0, 0.5), 12)
        evaluator.close()
        assert result.milestones == {}
        return {key: value for key, value in vars(result).items() if key not in ("seconds", "milestones")}

    assert evaluated("Own") == pytest.approx(evaluated("Line"), rel=1e-6)
