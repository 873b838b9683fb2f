"""Control steps of several arms that reach, their arithmetic by the compiled kernel."""

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roarm_envs import kinematics
from roarm_envs.arm_compiler import COMPILES
from roarm_envs.episode import EpisodeState, Info
from roarm_envs.figures import GRIPPER_HOME
from roarm_envs.reach_kernel import READINGS, RESULTS, judge
from roarm_envs.robot import RoArm
from roarm_envs.tasks.reach import Reach

PACK = struct.Struct(f"={READINGS}d")
GEOMETRY = np.array(
    [
        kinematics.SHOULDER,
        kinematics.UPPER_OUT,
        kinematics.UPPER_UP,
        kinematics.FOREARM_UP,
        kinematics.HAND_OUT,
        kinematics.HAND_UP,
    ]
)
SCALES = np.array(Reach.scales)

Steps = tuple[NDArray[np.float32], NDArray[np.float32], list[bool], list[bool], list[Info]]


def covers(episodes: Sequence[EpisodeState[Any]]) -> bool:
    """Whether the kernel computes these episodes: of reaching itself, all with one set of rules, without variation."""
    task, kinds = episodes[0].task, (EpisodeState, RoArm, Reach)
    plain = [(type(one), type(one.arm), type(one.task)) == kinds and not one.ranges for one in episodes]
    return COMPILES and all(plain) and all(one.task == task for one in episodes)


class ReachSteps:
    """Does what `EpisodeState.step` does for every arm, with one call for all that follows the physics."""

    def __init__(self, episodes: Sequence[EpisodeState[Reach]]) -> None:
        self._episodes, task = list(episodes), episodes[0].task
        self._dense = task.reward == "dense"
        self._task = np.array(
            [task.tolerance, task.progress_scale, task.success_bonus, task.effort_weight, task.collision_weight]
        )
        self._readings = np.empty((len(episodes), READINGS))
        self._memory = memoryview(self._readings.data).cast("B")
        self._results = np.empty((len(episodes), RESULTS))

    def __call__(self, actions: Sequence[list[float]]) -> Steps:
        """One control step with actions that `action_rows` has checked.

        Returns:
            Observations (n, 19), rewards (n,), which episodes are solved, which are out of time, infos.

        Raises:
            ResetNeeded: if an episode has not begun.
        """
        place = 0
        for episode, action in zip(self._episodes, actions, strict=True):
            episode.require_begun()
            arm = episode.arm
            arm.shift(action)
            sim = arm.sim
            state: Any = episode.state
            sim.drive((*arm.targets, GRIPPER_HOME))
            touching = sim.touches()
            (a, u, _, _), (b, v, _, _), (c, w, _, _), (d, x, _, _), (e, y, _, _), _ = sim.joint_states()
            readings = (a, b, c, d, e, u, v, w, x, y, *state.goal, state.distance, touching, *action)
            PACK.pack_into(self._memory, place, *readings)
            place += PACK.size
        count = len(self._episodes)
        rows, rewards = np.empty((count, len(SCALES)), np.float32), np.empty(count, np.float32)
        judge(self._readings, GEOMETRY, self._task, SCALES, self._dense, rows, rewards, self._results)
        solved, late, infos = [], [], []
        for episode, (distance, reached, *terms, _) in zip(self._episodes, self._results.tolist(), strict=True):
            success = reached > 0.0
            state = episode.state
            state.distance = distance
            solved.append(success)
            late.append(episode.count(success=success, ended=success))
            infos.append({"is_success": success, "distance": distance, "reward_terms": self._named(terms)})
        return rows, rewards, solved, late, infos

    def _named(self, terms: list[float]) -> dict[str, float]:
        progress, success, effort, collision = terms
        if self._dense:
            return {"progress": progress, "success": success, "effort": effort, "collision": collision}
        return {"success": success}
