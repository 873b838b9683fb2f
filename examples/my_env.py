"""A custom environment: a point moves along a line to a goal. Workers import it from this file."""

from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

Observation = NDArray[np.float32]


class Line(gym.Env[Observation, NDArray[np.float32]]):
    """Success is within 0.05 of the goal; `info` has `is_success` and `distance`, which tuner scores by."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 20}  # noqa: RUF012

    def __init__(self, *, step: float = 0.1, render_mode: str | None = None) -> None:
        self.observation_space = gym.spaces.Box(-2.0, 2.0, (2,), np.float32)
        self.action_space = gym.spaces.Box(-1.0, 1.0, (1,), np.float32)
        self.render_mode = render_mode
        self._step = step
        self._place = self._goal = 0.0
        self._time = 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Draws a goal; the point starts in the middle."""
        super().reset(seed=seed, options=options)
        self._place, self._time = 0.0, 0
        self._goal = float(self.np_random.uniform(-1.0, 1.0))
        return self._observation(), self._info()

    def step(self, action: NDArray[np.float32]) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Moves the point; the reward is ten times the distance gained, plus a bonus of ten at the goal."""
        before = abs(self._goal - self._place)
        self._place = float(np.clip(self._place + self._step * float(action[0]), -1.0, 1.0))
        self._time += 1
        info = self._info()
        reward = 10.0 * (before - info["distance"]) + 10.0 * info["is_success"]
        return self._observation(), reward, info["is_success"], self._time >= 40, info

    def render(self) -> NDArray[np.uint8]:
        """The line with the goal (green) and the point (blue), as a picture (64, 256, 3)."""
        picture = np.full((64, 256, 3), 255, np.uint8)
        picture[31:33] = 180
        for place, colour in ((self._goal, (40, 160, 60)), (self._place, (40, 90, 200))):
            middle = int((place + 1.0) / 2.0 * 239) + 8
            picture[24:40, middle - 4 : middle + 4] = colour
        return picture

    def _observation(self) -> Observation:
        return np.array([self._place, self._goal - self._place], np.float32)

    def _info(self) -> dict[str, Any]:
        distance = abs(self._goal - self._place)
        return {"distance": distance, "is_success": bool(distance < 0.05)}
