"""The Gymnasium environment: an arm, a task, and the clock."""

from dataclasses import replace
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from roarm_envs import figures
from roarm_envs.errors import check_option
from roarm_envs.robot import RoArm
from roarm_envs.tasks.reach import OBSERVATION_SIZE, Reach

Observation = NDArray[np.float32]

EPISODE_SECONDS = 5.0


class RoArmReachEnv(gym.Env[Observation, NDArray[np.float32]]):
    """The RoArm-M3 brings its tool point to a goal within 20 mm, in at most five seconds.

    Action: (5,) in [-1, 1], increments of the joint targets (base, shoulder, elbow, wrist pitch, wrist roll), 1 being
    0.10 rad, at 20 Hz. Observation: (19,) in [-1, 1], see `tasks.reach.Reach.observe`. `terminated` means success,
    `truncated` means that time is up. `info` holds `is_success`, `distance` (m) and `reward_terms`.
    """

    metadata = {"render_modes": []}  # noqa: RUF012 - as Gymnasium declares it

    def __init__(
        self, *, tolerance: float = 0.02, episode_seconds: float = EPISODE_SECONDS, render_mode: str | None = None
    ) -> None:
        check_option("tolerance", tolerance, low=0.001, high=0.5, unit="m")
        check_option("episode_seconds", episode_seconds, low=1 / figures.CONTROL_HZ, high=600.0, unit="s")
        if render_mode is not None:
            check_option("render_mode", render_mode, valid=())
        self.render_mode = render_mode
        self.task = replace(Reach(), tolerance=tolerance)
        self.max_steps = round(episode_seconds * figures.CONTROL_HZ)
        self.action_space = gym.spaces.Box(-1.0, 1.0, (len(figures.ARM_JOINTS),), np.float32)
        self.observation_space = gym.spaces.Box(-1.0, 1.0, (OBSERVATION_SIZE,), np.float32)
        self._arm = RoArm()
        self._goal = np.zeros(3)
        self._distance = 0.0
        self._steps = 0

    @property
    def goal(self) -> NDArray[np.float64]:
        """The goal (3,) of the current episode in m, in the world."""
        return self._goal.copy()

    def reset(
        self,
        *,
        seed: int | None = None,
        options: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> tuple[Observation, dict[str, Any]]:
        """Starts an episode: the arm at rest at home, a new goal drawn from the environment's generator."""
        super().reset(seed=seed)
        self._goal = self.task.sample_goal(self._arm, self.np_random)
        state = self._arm.home()
        self._distance = self.task.distance(state, self._goal)
        self._steps = 0
        return self.task.observe(state, self._goal), {"is_success": False, "distance": self._distance}

    def step(self, action: NDArray[np.float32]) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """One control step (50 ms)."""
        action_values = np.asarray(action, dtype=np.float64)
        state = self._arm.move(action_values)
        distance = self.task.distance(state, self._goal)
        terms = self.task.rewards(self._distance, distance, action_values, touching=state.touching)
        self._distance = distance
        self._steps += 1
        reached = distance <= self.task.tolerance
        info = {"is_success": reached, "distance": distance, "reward_terms": terms}
        truncated = not reached and self._steps >= self.max_steps
        return self.task.observe(state, self._goal), float(sum(terms.values())), reached, truncated, info

    def close(self) -> None:
        """Frees the simulation; closing twice is harmless."""
        self._arm.close()
