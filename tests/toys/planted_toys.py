"""A healthy little task and the same with one fault each, for the check to find."""

from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

Row = NDArray[np.float32]

EPISODE = 30  # steps
REACH = 0.1  # of a place, in a step
NEAR = 0.1  # to the goal: success


class Healthy(gym.Env[Row, Row]):
    """A point on a plane walks to a goal. Offers an expert."""

    def __init__(self) -> None:
        self.action_space = gym.spaces.Box(-1.0, 1.0, (2,), np.float32)
        self.observation_space = gym.spaces.Box(-1.0, 1.0, (4,), np.float32)
        self._place = self._goal = np.zeros(2)
        self._steps = 0

    @staticmethod
    def make_expert(env: "Healthy") -> Any:
        return lambda _: np.clip((env._goal - env._place) / REACH, -1.0, 1.0).astype(np.float32)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Row, dict[str, Any]]:
        super().reset(seed=seed)
        self._place, self._steps = np.zeros(2), 0
        angle, distance = self.np_random.uniform(-np.pi, np.pi), self.np_random.uniform(0.3, 0.9)
        self._goal = self._far() * distance * np.array([np.cos(angle), np.sin(angle)])
        return self._observe(), {"is_success": False, "distance": self._distance()}

    def step(self, action: Row) -> tuple[Row, float, bool, bool, dict[str, Any]]:
        before = self._distance()
        self._move(np.clip(action, -1.0, 1.0))
        self._steps += 1
        success = self._distance() < NEAR
        terms = self._terms(before, self._distance(), success, action)
        info = {"is_success": success, "distance": self._distance(), "reward_terms": terms}
        return self._observe(), sum(terms.values()), success, not success and self._steps >= EPISODE, info

    def _far(self) -> float:
        return 1.0

    def _distance(self) -> float:
        return float(np.linalg.norm(self._goal - self._place))

    def _move(self, action: Row) -> None:
        self._place = np.clip(self._place + REACH * action, -1.0, 1.0)

    def _terms(self, before: float, after: float, success: bool, action: Row) -> dict[str, float]:
        return {
            "progress": 5.0 * (before - after),
            "success": 10.0 * success,
            "effort": -0.01 * float(np.mean(np.square(action))),
        }

    def _observe(self) -> Row:
        return np.array([*self._place, *np.clip(self._goal - self._place, -1.0, 1.0)], dtype=np.float32)


class Unaided(Healthy):
    """Healthy, without an expert."""

    make_expert = None  # type: ignore[assignment]


class Exploded(Healthy):
    """The reward is a thousandfold."""

    def _terms(self, before: float, after: float, success: bool, action: Row) -> dict[str, float]:
        return {name: 1000.0 * value for name, value in super()._terms(before, after, success, action).items()}


class Constant(Healthy):
    """The reward never changes, nor does an episode's length."""

    def step(self, action: Row) -> tuple[Row, float, bool, bool, dict[str, Any]]:
        observation, _, _, _, info = super().step(action)
        return observation, 0.0, False, self._steps >= EPISODE, {**info, "reward_terms": {"nothing": 0.0}}


class Contrary(Healthy):
    """The reward rises as success falls: it pays for the way off."""

    def _terms(self, before: float, after: float, success: bool, action: Row) -> dict[str, float]:
        terms = super()._terms(before, after, success, action)
        return {"distance": after, "off": -terms["progress"], "effort": terms["effort"]}


class Idle(Unaided):
    """Standing still is paid, and success is paid less: the return rises, success does not."""

    def _terms(self, before: float, after: float, success: bool, action: Row) -> dict[str, float]:
        return {"alive": 1.0, "progress": before - after, "success": 1.0 * success}


class Unscaled(Healthy):
    """One entry of the observation is in other units."""

    def __init__(self) -> None:
        super().__init__()
        self.observation_space = gym.spaces.Box(-np.inf, np.inf, (4,), np.float32)

    def _observe(self) -> Row:
        return super()._observe() * np.array([1.0, 5000.0, 1.0, 1.0], dtype=np.float32)


class Dead(Healthy):
    """One entry of the observation says nothing."""

    def _observe(self) -> Row:
        return super()._observe() * np.array([1.0, 1.0, 0.0, 1.0], dtype=np.float32)


class Blind(Healthy):
    """No entry of the observation says anything."""

    def _observe(self) -> Row:
        return np.zeros(4, dtype=np.float32)


class Inert(Healthy):
    """The second action entry moves nothing, though it has its price."""

    def _move(self, action: Row) -> None:
        super()._move(action * np.array([1.0, 0.0], dtype=np.float32))


class Lame(Healthy):
    """No action moves anything."""

    def _move(self, action: Row) -> None:
        pass


class Unreachable(Healthy):
    """The goals lie beyond what the point can reach; the expert shows it."""

    def __init__(self) -> None:
        super().__init__()
        self.observation_space = gym.spaces.Box(-5.0, 5.0, (4,), np.float32)

    def _far(self) -> float:
        return 5.0


class UnreachableUnaided(Unreachable):
    """The same, without an expert."""

    make_expert = None  # type: ignore[assignment]


class NotFinite(Healthy):
    """Divides by nothing, now and then."""

    def _observe(self) -> Row:
        row = super()._observe()
        return row * np.float32("nan") if self._steps == 7 else row


class Endless(Healthy):
    """No episode ends by time."""

    def step(self, action: Row) -> tuple[Row, float, bool, bool, dict[str, Any]]:
        observation, reward, success, _, info = super().step(action)
        return observation, reward, success, False, info


class Unsteady(Healthy):
    """Draws from a generator that no seed reaches."""

    _other = np.random.default_rng()

    def _move(self, action: Row) -> None:
        super()._move(action + self._other.normal(0.0, 0.05, 2).astype(np.float32))


class Clipped(Unaided):
    """The reward is cut off at ±0.2, and its terms are not told."""

    def step(self, action: Row) -> tuple[Row, float, bool, bool, dict[str, Any]]:
        observation, reward, success, timeout, info = super().step(action)
        return observation, float(np.clip(reward, -0.2, 0.2)), success, timeout, {**info, "reward_terms": None}
