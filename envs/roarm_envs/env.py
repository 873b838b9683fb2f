"""The Gymnasium environment: an arm, a task, and the clock."""

from functools import partial
from typing import TYPE_CHECKING, Any, Generic

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from roarm_envs import figures
from roarm_envs.episode import AnyTask, Episode
from roarm_envs.errors import check_count, check_option
from roarm_envs.robot import RoArm, action_rows
from roarm_envs.tasks.reach import Reach

if TYPE_CHECKING:
    from stable_baselines3.common.vec_env import VecEnv

Observation = NDArray[np.float32]

EPISODE_SECONDS = 5.0
MAX_ARMS = 256  # 30 MB each


class RoArmEnv(gym.Env[Observation, NDArray[np.float32]], Generic[AnyTask]):
    """One arm with a task. All that changes from step to step is in `episode`, which a vector environment steps itself.

    Action: (5,) in [-1, 1], increments of the joint targets (base, shoulder, elbow, wrist pitch, wrist roll), 1 being
    0.10 rad, at 20 Hz. Observation: the task's, in [-1, 1]. `terminated` means success, `truncated` means that time is
    up. `info` holds `is_success`, `distance` (m) and `reward_terms`.
    """

    metadata = {"render_modes": []}  # noqa: RUF012 - as Gymnasium declares it

    def __init__(self, task: AnyTask, *, episode_seconds: float, render_mode: str | None) -> None:
        check_option("episode_seconds", episode_seconds, low=1 / figures.CONTROL_HZ, high=600.0, unit="s")
        if render_mode is not None:
            check_option("render_mode", render_mode, valid=())
        self.render_mode = render_mode
        self.action_space = gym.spaces.Box(-1.0, 1.0, (len(figures.ARM_JOINTS),), np.float32)
        self.observation_space = gym.spaces.Box(-1.0, 1.0, (len(task.scales),), np.float32)
        self.episode = Episode(task, round(episode_seconds * figures.CONTROL_HZ))

    @classmethod
    def make_vec_env(cls, n_envs: int, **options: Any) -> "VecEnv":
        """`n_envs` of these environments as one Stable-Baselines3 `VecEnv`, faster than they are one by one.

        Any environment class may offer this; what it returns must do, to the bit, what `DummyVecEnv` would do with the
        environments made from the same options.

        Raises:
            OptionError: naming the option, its value and the rule.
        """
        check_count("n_envs", n_envs, low=1, high=MAX_ARMS)
        from roarm_envs.vector import ArmVecEnv

        return ArmVecEnv([partial(cls, **options)] * n_envs)

    @property
    def goal(self) -> NDArray[np.float64]:
        """The goal of the current episode; a point is in m, in the world."""
        return np.array(self.episode.goal)

    @property
    def task(self) -> AnyTask:
        """The task's rules."""
        return self.episode.task

    @task.setter
    def task(self, task: AnyTask) -> None:
        self.episode.task = task

    @property
    def max_steps(self) -> int:
        """Control steps after which time is up."""
        return self.episode.max_steps

    @max_steps.setter
    def max_steps(self, steps: int) -> None:
        self.episode.max_steps = steps

    @property
    def _arm(self) -> RoArm:
        return self.episode.arm

    def reset(
        self,
        *,
        seed: int | None = None,
        options: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> tuple[Observation, dict[str, Any]]:
        """Starts an episode: the arm at rest at home, a new goal drawn from the environment's generator."""
        super().reset(seed=seed)
        row, info = self.episode.begin(self.np_random)
        return np.array(row, dtype=np.float32), info

    def step(self, action: NDArray[np.float32]) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """One control step (50 ms)."""
        (values,) = action_rows(np.asarray(action)[np.newaxis], count=1)
        row, reward, terminated, truncated, info = self.episode.step(values)
        return np.array(row, dtype=np.float32), reward, terminated, truncated, info

    def close(self) -> None:
        """Frees the simulation; closing twice is harmless."""
        self.episode.arm.close()


class RoArmReachEnv(RoArmEnv[Reach]):
    """The RoArm-M3 brings its tool point to a goal within 20 mm, in at most five seconds.

    Observation: (19,), see `tasks.reach.Reach.observe`; the rest is said in `RoArmEnv`.
    """

    def __init__(
        self, *, tolerance: float = 0.02, episode_seconds: float = EPISODE_SECONDS, render_mode: str | None = None
    ) -> None:
        check_option("tolerance", tolerance, low=0.001, high=0.5, unit="m")
        super().__init__(Reach(tolerance=tolerance), episode_seconds=episode_seconds, render_mode=render_mode)
