"""Environments as people write them, each with one oddity, on a small task that is quickly learned."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray
from tuner_toys import Line

Step = tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]


class Endless(Line):
    """Has no time limit and no success."""

    def step(self, action: NDArray[np.float32]) -> Step:
        observation, reward, _, _, info = super().step(action)
        return observation, reward, False, False, info


class Sluggish(Line):
    """Takes a quarter of a second for a step."""

    def step(self, action: NDArray[np.float32]) -> Step:
        time.sleep(0.25)
        return super().step(action)


class Simulator(Line):
    """Has a process of its own that only `close` would end; may hang or kill its own process in its 40th step."""

    def __init__(self, *, fault: str = "") -> None:
        super().__init__()
        self._fault, self._count = fault, 0
        self._simulator = subprocess.Popen(
            [
                sys.executable,
                "-c",
                f"import time; time.sleep(600)  # {os.environ.get('TUNER_TOY', 'tuner-toy-simulator')}",
            ]
        )

    def step(self, action: NDArray[np.float32]) -> Step:
        self._count += 1
        if self._fault == "death" and self._count >= 40:
            os.kill(os.getpid(), signal.SIGKILL)
        while self._fault == "hang" and self._count >= 40:
            time.sleep(0.05)
        return super().step(action)

    def close(self) -> None:
        self._simulator.kill()
        self._simulator.wait()


class ToldWhenTrue(Line):
    """Tells success, and never failure."""

    def step(self, action: NDArray[np.float32]) -> Any:
        *rest, info = super().step(action)
        told = {"is_success": True} if info["is_success"] else {}
        return *rest, {"distance": info["distance"], **told}


class NullWhenFalse(Line):
    """Tells null for failure, and an array of one value for success."""

    def step(self, action: NDArray[np.float32]) -> Any:
        *rest, info = super().step(action)
        return *rest, {**info, "is_success": np.array([1.0]) if info["is_success"] else None}


class NotANumber(Line):
    """Tells NaN for failure, and a distance that is an array."""

    def step(self, action: NDArray[np.float32]) -> Any:
        *rest, info = super().step(action)
        told = 1 if info["is_success"] else float("nan")
        return *rest, {"is_success": told, "distance": np.zeros(3)}


class Talking(Line):
    """Prints at every reset, from Python and past it."""

    def reset(self, **options: Any) -> tuple[NDArray[np.float32], dict[str, Any]]:
        print("a reset")  # noqa: T201
        os.write(1, b"a reset, said by C\n")
        return super().reset(**options)


class ClosingOutputs(Line):
    """Closes standard output and error."""

    def __init__(self) -> None:
        super().__init__()
        os.close(1)
        os.close(2)


class Wandering(Line):
    """Goes to the folder of its assets, and finds them there in every reset."""

    def __init__(self) -> None:
        super().__init__()
        folder = Path(tempfile.gettempdir()) / "assets-of-a-toy"
        folder.mkdir(exist_ok=True)
        (folder / "robot.txt").write_text("a robot")
        os.chdir(folder)

    def reset(self, **options: Any) -> tuple[NDArray[np.float32], dict[str, Any]]:
        assert Path("robot.txt").read_text() == "a robot"
        return super().reset(**options)


class ArrayReward(Line):
    """Rewards by an array of one value, observes in one and the same array, says no info."""

    def step(self, action: NDArray[np.float32]) -> Any:
        observation, reward, *ends, _ = super().step(action)
        self._same[:] = observation
        return self._same, np.array([reward]), *ends, None

    def reset(self, **options: Any) -> tuple[NDArray[np.float32], dict[str, Any]]:
        observation, info = super().reset(**options)
        self._same: NDArray[np.float32] = np.array(observation)
        return self._same, info


class OldStep(Line):
    """Steps as Gym did."""

    def step(self, action: NDArray[np.float32]) -> Any:
        observation, reward, terminated, truncated, info = super().step(action)
        return observation, reward, terminated or truncated, info


class OldReset(Line):
    """Resets as Gym did."""

    def reset(self, **options: Any) -> Any:
        return super().reset(**options)[0]


class RarelyRaising(Line):
    """Raises once in some forty steps, by its own generator."""

    def step(self, action: NDArray[np.float32]) -> Step:
        if self.np_random.random() < 1 / 40:
            raise RuntimeError("no solution of the inverse kinematics")
        return super().step(action)


class Bandit(Line):
    """One step: the reward alone depends on the action."""

    def step(self, action: NDArray[np.float32]) -> Step:
        off = abs(float(action[0]) - self._goal)
        return self._observation(), 1.0 - off, True, False, {"is_success": off < 0.1, "distance": off}


class CountsFromOne(Line):
    """Its actions are 1, 2 and 3."""

    def __init__(self) -> None:
        super().__init__()
        self.action_space: Any = gym.spaces.Discrete(3, start=1)

    def step(self, action: Any) -> Step:
        assert self.action_space.contains(action), action
        return super().step(np.array([action - 2.0], np.float32))


class RaisesOnceInAWhile(Line):
    """Raises once in some thousand steps, by its own generator."""

    def step(self, action: NDArray[np.float32]) -> Step:
        if self.np_random.random() < 1 / 3000:
            raise RuntimeError("the gripper fell off")
        return super().step(action)
