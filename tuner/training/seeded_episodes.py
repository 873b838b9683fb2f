"""Single environments whose episodes begin by seeds alone, for evaluations."""

from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from tuner.training.batches import zeros
from tuner.training.stepping import masks_of


class EpisodesBySeed(gym.Wrapper[Any, Any, Any, Any]):
    """Starts an episode only when reset with a seed, and stays idle in between.

    So a vector environment's automatic reset at an episode's end costs nothing, and no finished episode is stepped.
    """

    def __init__(self, env: gym.Env[Any, Any]) -> None:
        super().__init__(env)
        self._last: Any = zeros(env.observation_space)
        self._idle = True

    def reset(self, *, seed: int | None = None, **kwargs: Any) -> tuple[Any, dict[str, Any]]:
        """Resets with a seed; without one, returns the last observation again."""
        if seed is None:
            return self._last, {}
        self._idle = False
        return self.env.reset(seed=seed, **kwargs)

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Steps the environment, unless it is idle."""
        if self._idle:
            return self._last, 0.0, False, False, {}
        self._last, reward, terminated, truncated, info = self.env.step(action)
        self._idle = terminated or truncated
        return self._last, reward, terminated, truncated, info


class MaskedEpisodesBySeed(EpisodesBySeed):
    """Does so for an environment with masks: while it is idle every action is valid."""

    def action_masks(self) -> NDArray[np.bool_]:
        """Which actions are valid."""
        ask = masks_of(self.env)
        if not self._idle and ask is not None:
            return ask()
        space = self.action_space
        sizes = {"Discrete": "n", "MultiDiscrete": "nvec", "MultiBinary": "n"}[type(space).__name__]
        pairs = 2 if isinstance(space, gym.spaces.MultiBinary) else 1
        return np.ones(pairs * int(np.sum(getattr(space, sizes))), dtype=bool)


def episodes_by_seed(env: gym.Env[Any, Any]) -> EpisodesBySeed:
    """The environment with episodes that begin by seeds."""
    return MaskedEpisodesBySeed(env) if masks_of(env) is not None else EpisodesBySeed(env)
