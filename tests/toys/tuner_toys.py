"""Small environments for tests: quick to learn, or with one flaw each. Workers import them as well."""

import os
import signal
import time
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

EPISODE = 8  # steps


class Line(gym.Env[NDArray[np.float32], NDArray[np.float32]]):
    """A point on a line moves to a goal: success within 0.1 of it."""

    def __init__(self, *, scale: float = 1.0) -> None:
        self.observation_space = gym.spaces.Box(-4.0, 4.0, (2,), np.float32)
        self.action_space = gym.spaces.Box(-1.0, 1.0, (1,), np.float32)
        self._scale = scale
        self._place = self._goal = 0.0
        self._steps = 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        super().reset(seed=seed)
        self._place, self._steps = 0.0, 0
        self._goal = float(self.np_random.uniform(-1.0, 1.0))
        return self._observation(), {"is_success": False, "distance": abs(self._goal)}

    def step(self, action: NDArray[np.float32]) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        before = abs(self._goal - self._place)
        self._place += 0.3 * float(np.clip(action[0], -1.0, 1.0))
        after = abs(self._goal - self._place)
        self._steps += 1
        success = after < 0.1
        info = {"is_success": success, "distance": after}
        reward = self._scale * (before - after)
        return self._observation(), reward, success, self._steps >= EPISODE and not success, info

    def _observation(self) -> NDArray[np.float32]:
        return np.array([self._place, self._goal - self._place], dtype=np.float32)


class Plain(Line):
    """Reports neither success nor distance."""

    def reset(self, **kwargs: Any) -> tuple[NDArray[np.float32], dict[str, Any]]:
        return super().reset(**kwargs)[0], {}

    def step(self, action: NDArray[np.float32]) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        return (*super().step(action)[:4], {})


class Raising(Line):
    """Raises in its 40th step."""

    _count = 0

    def step(self, action: NDArray[np.float32]) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        type(self)._count += 1
        if type(self)._count % 40 == 0:
            raise RuntimeError("the gripper fell off")
        return super().step(action)


class NotFinite(Line):
    """Observes NaN in its 40th step."""

    _count = 0

    def step(self, action: NDArray[np.float32]) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        observation, *rest = super().step(action)
        type(self)._count += 1
        if type(self)._count % 40 == 0:
            observation = observation * np.float32("nan")
        return (observation, *rest)  # type: ignore[return-value]


class DyingOnce(Line):
    """Kills its own process in an early step, once: a file records that it happened."""

    def __init__(self, *, memory: str) -> None:
        super().__init__()
        self._memory = Path(memory)

    def step(self, action: NDArray[np.float32]) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        if not self._memory.exists():
            self._memory.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().step(action)


class Dying(Line):
    """Kills its own process after 4000 steps."""

    _count = 0

    def step(self, action: NDArray[np.float32]) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        type(self)._count += 1
        if type(self)._count > 4000:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().step(action)


class Hanging(Line):
    """Hangs in its 40th step."""

    _count = 0

    def step(self, action: NDArray[np.float32]) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        self._count += 1
        while self._count >= 40:
            time.sleep(0.05)
        return super().step(action)


class Hungry(Line):
    """Leaks ten megabytes with every step."""

    def __init__(self) -> None:
        super().__init__()
        self._held: list[NDArray[np.float64]] = []

    def step(self, action: NDArray[np.float32]) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        self._held.append(np.ones(1_250_000))
        return super().step(action)


class Starved(Line):
    """Raises MemoryError."""

    def step(self, action: NDArray[np.float32]) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        raise MemoryError("Unable to allocate 1.00 PiB")


class Closing(Line):
    """Raises when it is closed."""

    def close(self) -> None:
        raise RuntimeError("the gripper is stuck")


class Lost(Line):
    """Reports NaN as the distance."""

    def step(self, action: NDArray[np.float32]) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        *rest, info = super().step(action)
        return (*rest, {**info, "distance": float("nan")})  # type: ignore[return-value]


class Threads(Line):
    """Reports the number of torch's threads as the distance."""

    def step(self, action: NDArray[np.float32]) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        import torch

        *rest, info = super().step(action)
        return (*rest, {**info, "distance": float(torch.get_num_threads())})  # type: ignore[return-value]


class Own(Line):
    """Has a vector environment of its own, with an optional flaw."""

    def __init__(self, *, scale: float = 1.0, fault: str = "") -> None:
        super().__init__(scale=scale)
        self._fault = fault

    @classmethod
    def make_vec_env(cls, n_envs: int, **kwargs: Any) -> Any:
        from stable_baselines3.common.vec_env import DummyVecEnv

        env = DummyVecEnv([lambda: cls(**kwargs)] * n_envs)
        env.own = True  # type: ignore[attr-defined]
        return env

    def reset(self, **kwargs: Any) -> tuple[NDArray[np.float32], dict[str, Any]]:
        if self._fault == "reset":
            raise RuntimeError("the gripper fell off")
        return super().reset(**kwargs)

    def step(self, action: NDArray[np.float32]) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        observation, reward, *rest = super().step(action)
        if self._fault == "step":
            raise RuntimeError("the gripper fell off")
        if self._fault == "observation":
            observation[0] = np.nan
        return (observation, float("inf") if self._fault == "reward" else reward, *rest)  # type: ignore[return-value]

    def close(self) -> None:
        if self._fault == "close":
            raise RuntimeError("the gripper fell off")


class Matrix(Line):
    """Observes a matrix and acts by one, in double precision."""

    def __init__(self) -> None:
        super().__init__()
        self.observation_space = gym.spaces.Box(-4.0, 4.0, (2, 2), np.float64)  # type: ignore[arg-type]
        self.action_space = gym.spaces.Box(-0.5, 0.5, (2, 1), np.float64)  # type: ignore[arg-type]

    def step(self, action: NDArray[np.float32]) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        return super().step(action.sum(axis=0))

    def _observation(self) -> NDArray[Any]:
        return np.array([[self._place, self._goal], [self._goal - self._place, 1.0]])


class Grid(Line):
    """Has MultiDiscrete actions, which PPO supports and fused PPO does not."""

    def __init__(self) -> None:
        super().__init__()
        self.action_space = gym.spaces.MultiDiscrete([3, 3, 3])  # type: ignore[assignment]

    def step(self, action: NDArray[np.float32]) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        return super().step(np.array([action.mean() - 1.0], dtype=np.float32))


class Graded(Line):
    """Has difficulties (lower means a nearer goal), and reports whether the goal is near."""

    difficulty = 1.0

    def set_difficulty(self, difficulty: float) -> None:
        self.difficulty = difficulty

    def reset(self, **kwargs: Any) -> tuple[NDArray[np.float32], dict[str, Any]]:
        _, info = super().reset(**kwargs)
        self._goal *= self.difficulty

        return self._observation(), {**info, "distance": abs(self._goal)}

    def step(self, action: NDArray[np.float32]) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        *rest, info = super().step(action)
        near = info["distance"] <= 0.3
        return (*rest, {**info, "near": near, "difficulty": self.difficulty})  # type: ignore[return-value]


class Dictionary(gym.Env[dict[str, Any], int]):
    """Has an action space that PPO does not support."""

    def __init__(self) -> None:
        self.observation_space = gym.spaces.Dict({"a": gym.spaces.Box(-1, 1, (1,), np.float32)})
        self.action_space = gym.spaces.Dict({"b": gym.spaces.Discrete(2)})  # type: ignore[assignment]


ENVIRONMENTS: dict[str, Any] = {
    "ToyLine-v0": Line,
    "ToyGraded-v0": Graded,
    "ToyPlain-v0": Plain,
    "ToyRaising-v0": Raising,
    "ToyNotFinite-v0": NotFinite,
    "ToyDyingOnce-v0": DyingOnce,
    "ToyDying-v0": Dying,
    "ToyHanging-v0": Hanging,
    "ToyHungry-v0": Hungry,
    "ToyStarved-v0": Starved,
    "ToyClosing-v0": Closing,
    "ToyLost-v0": Lost,
    "ToyThreads-v0": Threads,
    "ToyOwn-v0": Own,
    "ToyMatrix-v0": Matrix,
    "ToyGrid-v0": Grid,
    "ToyDictionary-v0": Dictionary,
}

for _name, _kind in ENVIRONMENTS.items():
    if _name not in gym.registry:
        gym.register(_name, entry_point=_kind)
if "ToyOwnLimited-v0" not in gym.registry:
    gym.register("ToyOwnLimited-v0", entry_point="tuner_toys:Own", max_episode_steps=4)
    gym.register("ToyOwnScaled-v0", entry_point="tuner_toys:Own", kwargs={"scale": 3.0})
