"""Many arms as a Stable-Baselines3 VecEnv, in one process, with one physics client per arm.

Several arms in one world would not be bit for bit equal to single arms. Observation, reward, success and time limit
are those of the single environment (`EpisodeState`); only its overhead is saved.
"""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common import env_util
from stable_baselines3.common.vec_env.base_vec_env import VecEnv, VecEnvIndices, VecEnvObs, VecEnvStepReturn

from roarm_envs.env import RoArmEnv
from roarm_envs.reach_steps import ReachSteps, Steps, covers
from roarm_envs.robot import action_rows

RENDER_MODE = "rgb_array"
WINDOW_MODE = "human"


class ArmVecEnv(VecEnv):
    """Does bit for bit what `DummyVecEnv` does with the same environments, only faster.

    `get_attr`, `set_attr` and `env_method` work as there; after a reset or step of a single environment, the next step
    of all continues from its new state.
    """

    def __init__(self, makers: Sequence[Callable[[], RoArmEnv[Any]]]) -> None:
        self.envs: list[RoArmEnv[Any]] = []
        try:
            for make in makers:
                self.envs.append(make())
        except BaseException:
            self.close()
            raise
        self._actions: NDArray[Any] = np.zeros(0)
        self._width = len(self.envs[0].episode.arm.limits)
        self._tasks: list[Any] = []
        self._quick: ReachSteps | None = None
        super().__init__(len(self.envs), self.envs[0].observation_space, self.envs[0].action_space)

    def reset(self) -> VecEnvObs:
        """Starts an episode in every arm, with the seeds and options given since the last reset."""
        observations = []
        for index, env in enumerate(self.envs):
            options = {"options": self._options[index]} if self._options[index] else {}
            observation, self.reset_infos[index] = env.reset(seed=self._seeds[index], **options)
            observations.append(observation)
        self._reset_seeds()
        self._reset_options()
        return np.stack(observations)

    def step_async(self, actions: NDArray[Any]) -> None:
        """Takes the actions (n, 5 or 6) of the next `step_wait`."""
        self._actions = actions

    def step_wait(self) -> VecEnvStepReturn:
        """One control step; an arm whose episode ends starts the next one at once.

        Raises:
            ValueError: if an action is not finite or has another shape.
        """
        actions = action_rows(np.asarray(self._actions), count=self.num_envs, size=self._width)
        observations, rewards, terminated, truncated, infos = self._advance(actions)
        if self.render_mode == WINDOW_MODE:
            self.env_method("show")
        dones = [a or b for a, b in zip(terminated, truncated, strict=True)]
        for index, (info, out_of_time) in enumerate(zip(infos, truncated, strict=True)):
            info["TimeLimit.truncated"] = out_of_time
            if dones[index]:
                info["terminal_observation"] = observations[index].copy()
                observations[index], self.reset_infos[index] = self.envs[index].reset()
        return observations, rewards, np.array(dones), infos

    def _advance(self, actions: list[list[float]]) -> Steps:
        """Steps every arm, by the kernel where that computes their task."""
        episodes = [env.episode for env in self.envs]
        tasks = [one.task for one in episodes]
        if self._tasks != tasks:  # at the first step, and where a task was replaced
            self._tasks, self._quick = tasks, ReachSteps(episodes) if covers(episodes) else None
        if self._quick is not None:
            return self._quick(actions)
        steps = [episode.step(action) for episode, action in zip(episodes, actions, strict=True)]
        rows, rewards, terminated, truncated, infos = zip(*steps, strict=True)
        made = np.array(rows, dtype=np.float32), np.array(rewards, dtype=np.float32)
        return *made, list(terminated), list(truncated), list(infos)

    def close(self) -> None:
        """Frees the simulations; closing twice is harmless."""
        for env in self.envs:
            env.close()

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        """The attribute of each environment."""
        return [self.envs[index].get_wrapper_attr(attr_name) for index in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> None:
        """Sets the attribute in each environment."""
        for index in self._get_indices(indices):
            setattr(self.envs[index], attr_name, value)

    def env_method(
        self, method_name: str, *method_args: Any, indices: VecEnvIndices = None, **method_kwargs: Any
    ) -> list[Any]:
        """Calls a method of each environment; `reset` and `step` change the state that the next step starts from."""
        methods = self.get_attr(method_name, indices)
        return [method(*method_args, **method_kwargs) for method in methods]

    def env_is_wrapped(self, wrapper_class: type[gym.Wrapper], indices: VecEnvIndices = None) -> list[bool]:
        """Whether each environment has the wrapper; they have none."""
        return [env_util.is_wrapped(self.envs[index], wrapper_class) for index in self._get_indices(indices)]

    def get_images(self) -> Sequence[Any]:
        """A picture of each arm, None if the render mode is not rgb_array."""
        if self.render_mode != RENDER_MODE:
            warnings.warn(f"no pictures: the render mode is {self.render_mode}, not {RENDER_MODE}", stacklevel=2)
            return [None] * self.num_envs
        return [env.render() for env in self.envs]
