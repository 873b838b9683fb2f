"""Episodes of one task on n arms, side by side: the one place where observation, reward, success and clock meet."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from roarm_envs.robot import ArmStates, RoArm, move
from roarm_envs.tasks.base import Task

Info = dict[str, Any]
AnyTask = TypeVar("AnyTask", bound=Task)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a control step brought. The arrays are new in every step."""

    observations: NDArray[np.float32]  # (n, observation_size)
    rewards: NDArray[np.float64]  # (n,)
    terminated: NDArray[np.bool_]  # (n,) the goal is reached
    truncated: NDArray[np.bool_]  # (n,) it is not, and time is up
    infos: list[Info]  # is_success, distance in m, reward_terms


class Episodes(Generic[AnyTask]):
    """The arms with their goals, distances and clocks, one row an arm."""

    def __init__(self, task: AnyTask, max_steps: int) -> None:
        arm = RoArm()
        self.task = task
        self.arms = [arm]
        self.states = arm.states
        self.goals = np.zeros((1, task.goal_size))
        self.distances = np.zeros(1)  # m
        self.steps = np.zeros(1, dtype=np.int64)
        self.max_steps = np.array([max_steps])

    @classmethod
    def joined(cls, parts: Sequence["Episodes[AnyTask]"]) -> "Episodes[AnyTask]":
        """All arms of `parts`, of one arm each; those keep working, as views of one row of what is returned."""
        whole = cls.__new__(cls)
        whole.task = parts[0].task
        whole.arms = [part.arms[0] for part in parts]
        whole.states = ArmStates(*_stacked([(p.states.sensed, p.states.touching, p.states.targets) for p in parts]))
        whole.goals, whole.distances, whole.steps, whole.max_steps = _stacked(
            [(part.goals, part.distances, part.steps, part.max_steps) for part in parts]
        )
        for index, part in enumerate(parts):
            row = slice(index, index + 1)
            part.arms[0].states = part.states = whole.states.row(index)
            part.goals, part.distances = whole.goals[row], whole.distances[row]
            part.steps, part.max_steps = whole.steps[row], whole.max_steps[row]
        return whole

    def begin(self, rng: np.random.Generator) -> tuple[NDArray[np.float32], Info]:
        """Starts the episode of the first arm: at rest at home, with a new goal."""
        (arm,) = self.arms
        self.goals[0] = self.task.sample_goal(arm, rng)
        arm.home()
        self.distances[:] = self.task.distances(self.states, self.goals)
        self.steps[0] = 0
        info = {"is_success": False, "distance": self.distances.item()}
        return self.task.observe(self.states, self.goals)[0], info

    def step(self, actions: NDArray[Any]) -> Outcome:
        """One control step (50 ms) with actions (n, 5).

        Raises:
            ValueError: where an action is not finite or has another shape.
        """
        actions = np.asarray(actions, dtype=np.float64)
        move(self.arms, self.states, actions)
        distances = self.task.distances(self.states, self.goals)
        terms = self.task.rewards(self.distances, distances, actions, touching=self.states.touching)
        self.distances[:] = distances
        self.steps += 1
        rewards, *more = terms.values()
        for term in more:
            rewards = rewards + term
        reached = self.task.reached(distances)
        return Outcome(
            observations=self.task.observe(self.states, self.goals),
            rewards=rewards,
            terminated=reached,
            truncated=(self.steps >= self.max_steps) & ~reached,
            infos=[
                {"is_success": success, "distance": distance, "reward_terms": dict(zip(terms, values, strict=True))}
                for success, distance, values in zip(
                    reached.tolist(),
                    distances.tolist(),
                    zip(*[term.tolist() for term in terms.values()], strict=True),
                    strict=True,
                )
            ],
        )

    def close(self) -> None:
        """Frees the simulations; closing twice is harmless."""
        for arm in self.arms:
            arm.close()


def _stacked(rows: Sequence[tuple[NDArray[Any], ...]]) -> tuple[NDArray[Any], ...]:
    return tuple(np.concatenate(column) for column in zip(*rows, strict=True))
