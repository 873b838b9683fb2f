"""The last few observations as one, as Stable-Baselines3's VecFrameStack has them."""

from typing import Any

import gymnasium as gym
import numpy as np
from stable_baselines3.common.vec_env.stacked_observations import StackedObservations

from tuner.errors import EnvironmentUnusable
from tuner.records import EnvironmentRef
from tuner.training.batches import batch_of_one, first_of

GOES_ON = np.array([False])


class FrameStack(gym.Wrapper[Any, Any, Any, Any]):
    """Observes the last `count` observations, the latest last: zeros before the first, pictures along their channels.

    A wrapper of single environments, where SB3 has one of vector environments: evaluations reset each on its own.
    """

    def __init__(self, env: gym.Env[Any, Any], count: int) -> None:
        super().__init__(env)
        self._frames: StackedObservations[Any] = StackedObservations(1, count, env.observation_space)  # type: ignore[arg-type]
        self.observation_space = self._frames.stacked_observation_space

    def reset(self, **options: Any) -> tuple[Any, dict[str, Any]]:
        """Begins an episode with empty frames."""
        observation, info = self.env.reset(**options)
        return first_of(self._frames.reset(batch_of_one(observation))), info

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Adds the step's observation."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        frames, _ = self._frames.update(batch_of_one(observation), GOES_ON, [{}])
        return first_of(frames), reward, terminated, truncated, info


def stacked(env: gym.Env[Any, Any], ref: EnvironmentRef) -> gym.Env[Any, Any]:
    """The environment with its frames stacked, where that is asked for.

    Raises:
        EnvironmentUnusable: if its observations cannot be stacked.
    """
    if ref.frame_stack == 1:
        return env
    try:
        return FrameStack(env, ref.frame_stack)
    except TypeError:
        kind = type(env.observation_space).__name__
        raise EnvironmentUnusable(
            f"environment {ref.id!r}: frame_stack: {ref.frame_stack} needs Box observations (or a Dict of them), "
            f"not {kind}; leave it out"
        ) from None
