"""Toy environments whose observations are Dicts and pictures, with goals, masks, or something to remember."""

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces

Step = tuple[Any, float, bool, bool, dict[str, Any]]
STEPS = 8


class Goal(gym.Env[Any, Any]):
    """A point on a line moves towards a goal; the reward is -1 until it is there."""

    def __init__(self, reach: float = 0.1) -> None:
        self.reach = reach
        line = spaces.Box(-1.0, 1.0, (1,), np.float32)
        self.observation_space = spaces.Dict({"observation": line, "achieved_goal": line, "desired_goal": line})
        self.action_space = spaces.Box(-1.0, 1.0, (1,), np.float32)

    def _seen(self) -> dict[str, Any]:
        here, goal = np.array([self.place], np.float32), np.array([self.goal], np.float32)
        return {"observation": here, "achieved_goal": here.copy(), "desired_goal": goal}

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.place, self.goal, self.steps = 0.0, float(self.np_random.uniform(-1, 1)), 0
        return self._seen(), {}

    def compute_reward(self, achieved: Any, desired: Any, info: Any) -> Any:
        return -(np.abs(achieved - desired).max(axis=-1) > self.reach).astype(np.float32)

    def step(self, action: Any) -> Step:
        self.place = float(np.clip(self.place + 0.3 * float(action[0]), -1, 1))
        self.steps += 1
        seen = self._seen()
        reward = float(self.compute_reward(seen["achieved_goal"], seen["desired_goal"], {}))
        return seen, reward, False, self.steps == STEPS, {"is_success": reward == 0.0}


class BrokenGoal(Goal):
    """Its rewards of other goals raise."""

    def compute_reward(self, achieved: Any, desired: Any, info: Any) -> Any:
        if np.ndim(achieved) > 1:
            raise ZeroDivisionError("no distance")
        return super().compute_reward(achieved, desired, info)


class Picture(gym.Env[Any, Any]):
    """A light on one side: the action must be that side. `side` is the picture's in pixels."""

    def __init__(self, side: int = 40) -> None:
        self.side = side
        self.observation_space: gym.Space[Any] = spaces.Box(0, 255, (side, side, 3), np.uint8)
        self.action_space = spaces.Discrete(2)

    def _seen(self) -> Any:
        return self._drawn()

    def _drawn(self) -> Any:
        seen = np.zeros((self.side, self.side, 3), np.uint8)
        half = self.side // 2
        seen[:, half * self.light : half * (self.light + 1)] = 255
        return seen

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.light, self.steps, self.right = int(self.np_random.integers(2)), 0, 0
        return self._seen(), {}

    def step(self, action: Any) -> Step:
        hit = int(action) == self.light
        self.right += hit
        self.steps += 1
        self.light = int(self.np_random.integers(2))
        return self._seen(), float(hit), False, self.steps == STEPS, {"is_success": self.right > STEPS * 0.8}


class Mixed(Picture):
    """A picture and a number."""

    def __init__(self) -> None:
        super().__init__()
        self.observation_space = spaces.Dict(
            {
                "camera": self.observation_space,
                "step": spaces.Box(0.0, STEPS, (1,), np.float32),
                "kind": spaces.Discrete(3),
            }
        )

    def _seen(self) -> Any:
        return {"camera": self._drawn(), "step": np.array([getattr(self, "steps", 0)], np.float32), "kind": 1}


class Nested(Goal):
    """A Dict within its Dict."""

    def __init__(self) -> None:
        super().__init__()
        self.observation_space = spaces.Dict({"arm": self.observation_space})

    def _seen(self) -> dict[str, Any]:
        return {"arm": super()._seen()}


class Mission(Picture):
    """A picture and a text."""

    def __init__(self) -> None:
        super().__init__()
        self.observation_space = spaces.Dict(
            {"image": spaces.Box(0, 255, (40, 40, 3), np.uint8), "mission": spaces.Text(10)}
        )

    def _seen(self) -> Any:
        return {"image": np.zeros((40, 40, 3), np.uint8), "mission": "go"}


class Masked(gym.Env[Any, Any]):
    """One of three actions is valid at a time; any other raises."""

    observation_space = spaces.Box(0.0, 1.0, (3,), np.float32)
    action_space = spaces.Discrete(3)

    def _seen(self) -> Any:
        return np.eye(3, dtype=np.float32)[self.valid]

    def action_masks(self) -> Any:
        return np.arange(3) == self.valid

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.valid, self.steps = int(self.np_random.integers(3)), 0
        return self._seen(), {}

    def step(self, action: Any) -> Step:
        if int(action) != self.valid:
            raise ValueError(f"action {action} is not valid")
        self.valid = int(self.np_random.integers(3))
        self.steps += 1
        return self._seen(), 1.0, False, self.steps == STEPS, {"is_success": True}


class Recall(gym.Env[Any, Any]):
    """The first observation shows a sign that must be told in the last step: only a memory can."""

    observation_space = spaces.Box(-1.0, 1.0, (2,), np.float32)
    action_space = spaces.Discrete(2)

    def _seen(self) -> Any:
        sign = (1.0 if self.sign else -1.0) if self.steps == 0 else 0.0
        return np.array([sign, float(self.steps == 2)], np.float32)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.sign, self.steps = int(self.np_random.integers(2)), 0
        return self._seen(), {}

    def step(self, action: Any) -> Step:
        right = self.steps == 2 and int(action) == self.sign
        self.steps += 1
        return self._seen(), float(right), self.steps == 3, False, {"is_success": right}


gym.register("ToyMasked-v0", "observed_toys:Masked")
gym.register("ToyGoal-v0", "observed_toys:Goal", max_episode_steps=STEPS)
