"""A sound small task, and variants with one flaw each, for tests of `tuner check`."""

from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

Row = NDArray[np.float32]

EPISODE = 30  # steps
REACH = 0.1  # the longest step, in each coordinate
NEAR = 0.1  # to the goal: success


class Healthy(gym.Env[Row, Row]):
    """A point on a plane moves to a goal. Has an expert."""

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
    """`Healthy` without an expert."""

    make_expert = None  # type: ignore[assignment]


class Exploded(Healthy):
    """The reward is multiplied by a thousand."""

    def _terms(self, before: float, after: float, success: bool, action: Row) -> dict[str, float]:
        return {name: 1000.0 * value for name, value in super()._terms(before, after, success, action).items()}


class Constant(Healthy):
    """The reward never changes, nor does an episode's length."""

    def step(self, action: Row) -> tuple[Row, float, bool, bool, dict[str, Any]]:
        observation, _, _, _, info = super().step(action)
        return observation, 0.0, False, self._steps >= EPISODE, {**info, "reward_terms": {"nothing": 0.0}}


class Sparse(Healthy):
    """Success alone is rewarded."""

    def _terms(self, before: float, after: float, success: bool, action: Row) -> dict[str, float]:
        return {"success": 10.0 * success}


class Contrary(Healthy):
    """The reward is for moving away from the goal, so it rises as success falls."""

    def _terms(self, before: float, after: float, success: bool, action: Row) -> dict[str, float]:
        terms = super()._terms(before, after, success, action)
        return {"distance": after, "off": -terms["progress"], "effort": terms["effort"]}


class Idle(Unaided):
    """Standing still earns more than success: the return rises, the success rate does not."""

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
    """One entry of the observation is constant."""

    def _observe(self) -> Row:
        return super()._observe() * np.array([1.0, 1.0, 0.0, 1.0], dtype=np.float32)


class Blind(Healthy):
    """Every entry of the observation is constant."""

    def _observe(self) -> Row:
        return np.zeros(4, dtype=np.float32)


class Inert(Healthy):
    """The second entry of the action has no effect but costs effort."""

    def _move(self, action: Row) -> None:
        super()._move(action * np.array([1.0, 0.0], dtype=np.float32))


class Lame(Healthy):
    """No action has an effect."""

    def _move(self, action: Row) -> None:
        pass


class Limp(Lame):
    """No action has an effect or a cost."""

    def _terms(self, before: float, after: float, success: bool, action: Row) -> dict[str, float]:
        return {**super()._terms(before, after, success, action), "effort": 0.0}


class DefaultSeed(Healthy):
    """`reset()` has a default seed."""

    def reset(self, *, seed: int | None = 7, options: Any = None) -> Any:
        return super().reset(seed=seed, options=options)


class OwnGenerator(Healthy):
    """Makes its generator anew in every reset."""

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        return super().reset(seed=0 if seed is None else seed, options=options)


class Renamed(Healthy):
    """Tells success under a name of its own."""

    def step(self, action: Any) -> Any:
        *rest, info = super().step(action)
        return *rest, {"task_solved": int(info["is_success"]), "distance": info["distance"]}


class Parted(Healthy):
    """Tells success and a part of the task under names of its own, as Meta-World does."""

    def step(self, action: Any) -> Any:
        *rest, info = super().step(action)
        return *rest, {"grasp_success": 1.0, "success": float(info["is_success"]), "distance": info["distance"]}


class Pedals(Healthy):
    """Takes no negative values in the last entry, as CarRacing does."""

    def __init__(self) -> None:
        super().__init__()
        self.action_space = gym.spaces.Box(np.array([-1.0, 0.0], np.float32), np.ones(2, np.float32))


class Filmed(Unaided):
    """Observes a picture with a white spot at the point and another at the goal; its margin never changes."""

    def __init__(self) -> None:
        super().__init__()
        space: Any = gym.spaces.Box(0, 255, (12, 12, 1), np.uint8)
        self.observation_space = space

    def _observe(self) -> Any:
        picture = np.zeros((12, 12, 1), np.uint8)
        for spot in (self._place, self._goal):
            row, column = np.clip(np.round(5.5 + 4 * spot), 2, 9).astype(int)
            picture[row, column] = 255
        return picture


class Half(Healthy):
    """Tells half of a success near the goal."""

    def step(self, action: Any) -> Any:
        *rest, info = super().step(action)
        near = 0.5 * (info["distance"] < 0.5)
        return *rest, {**info, "is_success": 1.0 if info["is_success"] else near}


class Unreachable(Healthy):
    """The goals are out of reach, as the expert shows."""

    def __init__(self) -> None:
        super().__init__()
        self.observation_space = gym.spaces.Box(-5.0, 5.0, (4,), np.float32)

    def _far(self) -> float:
        return 5.0


class UnreachableUnaided(Unreachable):
    """The same, without an expert."""

    make_expert = None  # type: ignore[assignment]


class NotFinite(Healthy):
    """Observes NaN in its 7th step."""

    def _observe(self) -> Row:
        row = super()._observe()
        return row * np.float32("nan") if self._steps == 7 else row


class Endless(Healthy):
    """Episodes have no time limit."""

    def step(self, action: Row) -> tuple[Row, float, bool, bool, dict[str, Any]]:
        observation, reward, success, _, info = super().step(action)
        return observation, reward, success, False, info


class Unsteady(Healthy):
    """Draws from a generator that `reset` does not seed."""

    _other = np.random.default_rng()

    def _move(self, action: Row) -> None:
        super()._move(action + self._other.normal(0.0, 0.05, 2).astype(np.float32))


class Unseeded(Healthy):
    """Draws its goals from a generator that `reset` does not seed."""

    _other = np.random.default_rng()

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Row, dict[str, Any]]:
        super().reset(seed=seed)
        self._goal = self._other.uniform(-0.6, 0.6, 2)
        return self._observe(), {"is_success": False, "distance": self._distance()}


class Clipped(Unaided):
    """The reward is clipped at ±0.2, and its terms are not in `info`."""

    def step(self, action: Row) -> tuple[Row, float, bool, bool, dict[str, Any]]:
        observation, reward, success, timeout, info = super().step(action)
        return observation, float(np.clip(reward, -0.2, 0.2)), success, timeout, {**info, "reward_terms": None}
