"""Small environments with rendering: fast to draw, red until success and green from then on."""

from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray
from planted_toys import Healthy
from tuner_toys import Line

Picture = NDArray[np.uint8]

RED, GREEN = (220, 40, 40), (40, 200, 60)
SIZE = (38, 50)  # pixels, no whole blocks of 16
FPS = 8


class Seen(Healthy):
    """`Healthy` with rendering and with stages."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": FPS}  # noqa: RUF012

    def __init__(self, render_mode: str | None = None) -> None:
        super().__init__()
        self.render_mode = render_mode

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        observation, reward, terminated, truncated, info = super().step(action)
        return observation, reward, terminated, truncated, {**info, "halfway": info["distance"] < 0.3, "lost": False}

    def render(self) -> Any:
        return np.full((*SIZE, 3), GREEN if self._distance() < 0.1 else RED, np.uint8)


class Quick(Seen):
    """As quick as an arm."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 20}  # noqa: RUF012


class Growing(Seen):
    """Its pictures grow."""

    def render(self) -> Any:
        return np.zeros((16 + 16 * self._steps, 32, 3), np.uint8)


class Floating(Seen):
    """Renders floats from 0 to 1."""

    def render(self) -> Any:
        return np.zeros((*SIZE, 3))


class Blind(Seen):
    """Raises when it renders."""

    def render(self) -> Any:
        raise RuntimeError("the lens is covered")


class Unsure(Seen):
    """Has the hook `make_expert`, but no expert."""

    @staticmethod
    def make_expert(env: Any) -> Any:
        raise NotImplementedError


class Stubborn(Seen):
    """Never ends."""

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        observation, reward, _, _, info = super().step(np.zeros(2))
        return observation, reward, False, False, info


class SeenLine(Line):
    """The line, with rendering."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": FPS}  # noqa: RUF012

    def __init__(self, render_mode: str | None = None, *, scale: float = 1.0) -> None:
        super().__init__(scale=scale)
        self.render_mode = render_mode

    def render(self) -> Any:
        return np.zeros((16, 16, 4), np.uint8)


class Choice(SeenLine):
    """The line with discrete actions: one step down or up."""

    def __init__(self, render_mode: str | None = None) -> None:
        super().__init__(render_mode)
        self.action_space = gym.spaces.Discrete(2)  # type: ignore[assignment]

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        return super().step(np.array([{0: -1.0, 1: 1.0}[action]]))
