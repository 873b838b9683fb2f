"""More environments of other people's kinds."""

from typing import Any

import gymnasium as gym
import numpy as np
from tuner_toys import Line


class OtherKey(Line):
    """Tells success under another name."""

    def step(self, action: Any) -> Any:
        *rest, info = super().step(action)
        return *rest, {"solved": info["is_success"], "distance": info["distance"]}


class NoInfo(Line):
    """Returns nothing for `info`."""

    def step(self, action: Any) -> Any:
        return *super().step(action)[:4], None


class SameStart(Line):
    """Begins alike whenever it is reset without a seed."""

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        return super().reset(seed=0 if seed is None else seed, options=options)


class FarActions(Line):
    """Has actions from -10 to 10."""

    def __init__(self) -> None:
        super().__init__()
        self.action_space = gym.spaces.Box(-10.0, 10.0, (1,), np.float32)

    def step(self, action: Any) -> Any:
        return super().step(np.asarray(action, np.float32) / np.float32(10))


class Goals(Line):
    """Observes a dictionary."""

    def __init__(self) -> None:
        super().__init__()
        self.observation_space = gym.spaces.Dict({"place": self.observation_space})  # type: ignore[assignment]

    def reset(self, **options: Any) -> Any:
        observation, info = super().reset(**options)
        return {"place": observation}, info

    def step(self, action: Any) -> Any:
        observation, *rest = super().step(action)
        return {"place": observation}, *rest


class OneStep(Line):
    """Ends after a step."""

    def step(self, action: Any) -> Any:
        observation, reward, _, _, info = super().step(action)
        return observation, reward, True, False, info
