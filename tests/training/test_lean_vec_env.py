"""The lean vector environment returns what DummyVecEnv returns, and nothing that changes afterwards."""

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from stable_baselines3.common.vec_env import DummyVecEnv
from vec_env_records import frozen

from tuner.training.lean_vec_env import LeanVecEnv, copied


class Telling(gym.Env[Any, Any]):
    """Tells much, in objects that it changes from step to step."""

    observation_space = gym.spaces.Box(-np.inf, np.inf, (2,), np.float64)
    action_space = gym.spaces.Box(-1.0, 1.0, (1,), np.float32)

    def __init__(self) -> None:
        self._seen = np.zeros(2)
        self._told: dict[str, Any] = {"trace": [], "place": self._seen, "deep": {"count": 0}}

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed, options=options)
        self._seen[:] = 0.0
        return self._seen, {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self._seen += float(action[0])
        self._told["trace"].append(float(self._seen[0]))
        self._told["deep"]["count"] += 1
        return self._seen, 1.5, self._seen[0] > 3, self._told["deep"]["count"] % 7 == 0, self._told


def dictionary() -> gym.Env[Any, Any]:
    env = gym.make("CartPole-v1")
    return gym.wrappers.FilterObservation(
        gym.wrappers.TransformObservation(
            env,
            lambda seen: {"all": seen, "first": seen[:1]},
            gym.spaces.Dict({"all": env.observation_space, "first": gym.spaces.Box(-9.0, 9.0, (1,))}),
        ),
        ["all", "first"],
    )


MAKERS = {
    "cartpole": lambda: gym.make("CartPole-v1"),
    "pendulum": lambda: gym.make("Pendulum-v1", max_episode_steps=20),
    "telling": Telling,
    "dictionary": dictionary,
}


@pytest.mark.parametrize("name", MAKERS)
def test_its_results_are_dummy_vec_envs(name: str) -> None:
    histories = []
    for kind in (DummyVecEnv, LeanVecEnv):
        env = kind([MAKERS[name]] * 2)
        env.seed(3)
        history, kept = [frozen(env.reset())], []
        rng = np.random.default_rng(0)
        for _ in range(60):
            actions = np.stack([rng.uniform(-2, 2, 1) for _ in range(2)]).astype(np.float32)
            result = env.step((actions[:, 0] > 0).astype(int) if name in ("cartpole", "dictionary") else actions)
            kept.append(result)
            history.append(frozen(result))
        assert [frozen(result) for result in kept] == history[1:]  # nothing was changed later
        histories.append(history)
        env.close()
    assert histories[0] == histories[1]
    assert any("terminal_observation" in str(entry) for entry in histories[0])


def test_what_holds_objects_is_copied_deeply() -> None:
    inner = {"list": [1, 2], "plain": 1}
    found = copied(inner)
    inner["list"].append(3)  # type: ignore[attr-defined]
    assert found == {"list": [1, 2], "plain": 1}
