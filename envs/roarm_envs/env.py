"""The Gymnasium environments of the RoArm-M3: an arm with a task and a time limit."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Generic

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from roarm_envs import figures
from roarm_envs.arm_errors import OptionError, check_count, check_option, check_weights
from roarm_envs.episode import FULL, AnyTask, EpisodeState
from roarm_envs.robot import RoArm, action_rows
from roarm_envs.sim import ONE, BulletWindow, Camera, Cube, Picture
from roarm_envs.tasks.base import REWARDS
from roarm_envs.tasks.pick_place import PickPlace
from roarm_envs.tasks.reach import Reach
from roarm_envs.variation import QUANTITIES, parse

if TYPE_CHECKING:
    from stable_baselines3.common.vec_env import VecEnv

    from roarm_envs.controllers import Expert

Observation = NDArray[np.float32]
Variation = bool | Mapping[str, Sequence[float]]

EPISODE_SECONDS = 5.0
MAX_ARMS = 256  # 30 MB each


class RoArmEnv(gym.Env[Observation, NDArray[np.float32]], Generic[AnyTask]):
    """One arm with a task. The state of the episode is in `episode`, which the vector environment steps directly.

    Action: in [-1, 1], increments of the joint targets (base, shoulder, elbow, wrist pitch, wrist roll, and the jaw
    where the task has one), 1 being 0.10 rad, at 20 Hz. Observation: the task's, in [-1, 1]. `terminated` means
    success, or that success is no longer possible (see `is_success`); `truncated` means that time is up. `info` has
    `is_success`, `distance` (m), `reward_terms` and the task's stages.

    Options of every environment: `episode_seconds`; `difficulty`, 0.1 to 1.0 in steps of 0.1, where lower values start
    nearer to the goal; `variation`, true for the default ranges or a range for each name (see
    `variation.QUANTITIES`), whose drawn values are in `info` at reset; `render_mode`.
    """

    metadata = {"render_modes": ["rgb_array", "human"], "render_fps": figures.CONTROL_HZ, "distance_unit": "m"}  # noqa: RUF012

    def __init__(
        self,
        task: AnyTask,
        *,
        episode_seconds: float,
        difficulty: float = FULL,
        variation: Variation = False,
        render_mode: str | None = None,
    ) -> None:
        check_option("episode_seconds", episode_seconds, low=1 / figures.CONTROL_HZ, high=600.0, unit="s")
        if render_mode is not None:
            check_option("render_mode", render_mode, valid=tuple(self.metadata["render_modes"]))
        ranges = parse(variation, things=isinstance(task, PickPlace))
        difficulty = checked_difficulty(difficulty)
        self.render_mode = render_mode
        self.episode = EpisodeState(task, round(episode_seconds * figures.CONTROL_HZ), ranges)
        self.episode.difficulty = difficulty
        self._camera: Camera | None = None
        self._pictured: object = None  # the state of the episode that the camera has framed
        self._window: BulletWindow | None = None
        self.action_space = gym.spaces.Box(-1.0, 1.0, (len(self.episode.arm.limits),), np.float32)
        self.observation_space = gym.spaces.Box(-1.0, 1.0, (len(task.scales),), np.float32)
        if render_mode == "human":
            self._open_window()

    @classmethod
    def make_vec_env(cls, n_envs: int, **options: Any) -> "VecEnv":
        """`n_envs` of these environments as one Stable-Baselines3 `VecEnv`, faster than a DummyVecEnv.

        Any environment class may have this method; the result must behave, bit for bit, like a `DummyVecEnv` of
        environments with the same options.

        Raises:
            OptionError: naming the option, its value and the rule.
        """
        check_count("n_envs", n_envs, low=1, high=MAX_ARMS)
        if n_envs > 1 and options.get("render_mode") == "human":
            raise OptionError(f"render_mode: 'human' {ONE}")
        from roarm_envs.vector import ArmVecEnv

        return ArmVecEnv([partial(cls, **options)] * n_envs)

    @property
    def goal(self) -> NDArray[np.float64]:
        """The goal of the current episode, a point in m in the world frame."""
        return np.array(self.episode.state.goal)

    @property
    def task(self) -> AnyTask:
        """The task's rules."""
        return self.episode.task

    @task.setter
    def task(self, task: AnyTask) -> None:
        self.episode.task = task

    @property
    def difficulty(self) -> float:
        """The difficulty of the next episodes, from 0.1 to 1.0."""
        return self.episode.difficulty

    def set_difficulty(self, difficulty: float) -> None:
        """Sets the difficulty of the next episodes, from 0.1 to 1.0 in steps of 0.1; the current one is unchanged.

        Raises:
            OptionError: if it is none of these.
        """
        self.episode.difficulty = checked_difficulty(difficulty)

    @property
    def max_steps(self) -> int:
        """Control steps after which time is up."""
        return self.episode.max_steps

    @max_steps.setter
    def max_steps(self, steps: int) -> None:
        self.episode.max_steps = steps

    def make_expert(self) -> "Expert":
        """A scripted controller for the episode that has just begun: a function from an observation to an action.

        Any environment class may have this hook; it shows that success is possible and that the reward leads to it.
        """
        raise NotImplementedError

    @property
    def _arm(self) -> RoArm:
        return self.episode.arm

    def reset(
        self,
        *,
        seed: int | None = None,
        options: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> tuple[Observation, dict[str, Any]]:
        """Starts an episode, drawn from the environment's generator."""
        super().reset(seed=seed)
        row, info = self.episode.begin(self.np_random)
        self.show()
        return np.array(row, dtype=np.float32), info

    def step(self, action: NDArray[np.float32]) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """One control step (50 ms)."""
        (values,) = action_rows(np.asarray(action)[np.newaxis], count=1, size=len(self.episode.arm.limits))
        row, reward, terminated, truncated, info = self.episode.step(values)
        self.show()
        return np.array(row, dtype=np.float32), reward, terminated, truncated, info

    def render(self) -> Picture | None:
        """A picture (h, w, 3) of arm, objects and goal; the goal is red, and green once it is reached.

        The camera frames each episode anew, and a line shows the tool point's path through the episode's pictures.
        None with `render_mode="human"`, where `reset` and `step` show everything in PyBullet's window, at 20 Hz.
        """
        if self._window is not None:
            self._window.show(self.episode.mark(), done=self.episode.success)
            return None
        if self.render_mode is None:
            gym.logger.warn("no picture: the environment was made without render_mode='rgb_array'")
            return None
        if self._camera is None:
            self._camera = Camera(self.episode.arm.sim, self.task.marker, self.task.tolerance)
        goal, tool = self.episode.mark(), self.episode.arm.tool()
        if self._pictured is not self.episode.state:
            self._pictured = self.episode.state
            self._camera.begin(goal, tool)
        return self._camera.picture(goal, tool, done=self.episode.success)

    def show(self) -> None:
        """Shows the current step in the window, if there is one, and waits until its control period is over."""
        if self._window is not None:
            self._window.show(self.episode.mark(), done=self.episode.success)
            self._window.wait()

    def close(self) -> None:
        """Frees the simulation; closing twice is harmless."""
        if self._window is not None:
            self._window.close()
        self.episode.arm.close()

    def _open_window(self) -> None:
        try:
            self._window = BulletWindow(self.episode.arm.sim, self.task.marker, self.task.tolerance)
        except BaseException:
            self.episode.arm.close()
            raise


class RoArmReachEnv(RoArmEnv[Reach]):
    """The RoArm-M3 brings its tool point to a goal within 20 mm, in at most five seconds.

    Observation: (19,), see `tasks.reach.Reach.observe`; for the rest see `RoArmEnv`. The weights of the reward's terms
    (see `rewards`), each from 0 to 1000: `progress_scale` (per metre), `success_bonus`, `effort_weight`,
    `collision_weight`.
    """

    def __init__(
        self,
        *,
        tolerance: float = 0.02,
        episode_seconds: float = EPISODE_SECONDS,
        reward: str = "dense",
        progress_scale: float = Reach.progress_scale,
        success_bonus: float = Reach.success_bonus,
        effort_weight: float = Reach.effort_weight,
        collision_weight: float = Reach.collision_weight,
        **common: Any,
    ) -> None:
        check_option("tolerance", tolerance, low=0.001, high=0.5, unit="m")
        check_option("reward", reward, valid=REWARDS)
        weights: dict[str, Any] = {
            "progress_scale": progress_scale,
            "success_bonus": success_bonus,
            "effort_weight": effort_weight,
            "collision_weight": collision_weight,
        }
        check_weights(weights, vars(Reach), reward)
        task = Reach(tolerance=tolerance, reward=reward, **weights)
        super().__init__(task, episode_seconds=episode_seconds, **common)

    def make_expert(self) -> "Expert":
        """A controller that moves straight to a pose with the tool point at the goal."""
        from roarm_envs.controllers import ReachExpert

        return ReachExpert(self.episode)


class RoArmPickPlaceEnv(RoArmEnv[PickPlace]):
    """The RoArm-M3 grips a cube, carries it and sets it down at a goal for half a second, in at most ten seconds.

    Action: (6,). Observation: (30,), see `tasks.pick_place.PickPlace.observe`. `info` also has the stages that the
    episode has reached: `reached`, `grasped` (both jaws on the cube for five steps in a row), `lifted`, `placed`, or
    `failed` (the cube is out of reach, which ends the episode). For the rest see `RoArmEnv`. The weights of the
    reward's terms, each from 0 to 1000: `reach_scale` and `carry_scale` (per metre), `grasp_bonus`, `rest_bonus`,
    `success_bonus`, `effort_weight`, `collision_weight`.
    """

    def __init__(
        self,
        *,
        tolerance: float = 0.02,
        object_edge: float = 0.025,
        object_mass: float = 0.02,
        object_friction: float = 0.8,
        episode_seconds: float = 2 * EPISODE_SECONDS,
        reward: str = "dense",
        reach_scale: float = PickPlace.reach_scale,
        grasp_bonus: float = PickPlace.grasp_bonus,
        carry_scale: float = PickPlace.carry_scale,
        rest_bonus: float = PickPlace.rest_bonus,
        success_bonus: float = PickPlace.success_bonus,
        effort_weight: float = PickPlace.effort_weight,
        collision_weight: float = PickPlace.collision_weight,
        **common: Any,
    ) -> None:
        check_option("tolerance", tolerance, low=0.005, high=0.1, unit="m")
        check_option("reward", reward, valid=REWARDS)
        given = {"object_edge": object_edge, "object_mass": object_mass, "object_friction": object_friction}
        for name, value in given.items():
            row = QUANTITIES[name]
            check_option(name, value, low=row.low, high=row.high, unit=row.unit)
        cube = Cube(edge=object_edge, mass=object_mass, friction=object_friction)
        weights: dict[str, Any] = {
            "reach_scale": reach_scale,
            "grasp_bonus": grasp_bonus,
            "carry_scale": carry_scale,
            "rest_bonus": rest_bonus,
            "success_bonus": success_bonus,
            "effort_weight": effort_weight,
            "collision_weight": collision_weight,
        }
        check_weights(weights, vars(PickPlace), reward)
        task = PickPlace(cube=cube, tolerance=tolerance, reward=reward, **weights)
        super().__init__(task, episode_seconds=episode_seconds, **common)

    def make_expert(self) -> "Expert":
        """A controller that grips the cube from above, carries it to the goal and sets it down."""
        from roarm_envs.controllers import PickPlaceExpert

        return PickPlaceExpert(self.episode)


def checked_difficulty(difficulty: object) -> float:
    """The value as a difficulty: 0.1, 0.2 and so on up to 1.0.

    Raises:
        OptionError: if it is none of these.
    """
    if not isinstance(difficulty, bool) and isinstance(difficulty, int | float) and 0 < difficulty < 2:
        for tenths in range(1, 11):
            if abs(difficulty - tenths / 10) < 1e-9:  # sums of tenths are off in the last digits
                return tenths / 10
    raise OptionError(f"difficulty: {difficulty!r} must be a number from 0.1 to 1 in steps of 0.1")
