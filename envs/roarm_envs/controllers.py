"""Scripted controllers by inverse kinematics: they show that a task can be solved and that its reward leads there.

An expert reads the state of the simulation, not the observation. It is made after a reset, for one episode.
"""

from collections.abc import Callable, Sequence
from math import atan2, cos, pi, sin
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roarm_envs import figures
from roarm_envs.episode import EpisodeState
from roarm_envs.gripper import GripperArm, Handling
from roarm_envs.inverse import Angles, from_above, solutions, within_limits
from roarm_envs.kinematics import TIP, grip_point, tool_point, wrist_height
from roarm_envs.robot import RoArm
from roarm_envs.tasks.base import Point
from roarm_envs.tasks.pick_place import HIGH, Course, PickPlace, grip_offsets
from roarm_envs.tasks.reach import Reach

Action = NDArray[np.float32]
Expert = Callable[[Any], Action]  # observation → action

STUCK_STEPS = 12  # control steps without progress, after which another pose is tried
CLOSED, OPEN = figures.joint(figures.GRIPPER_JOINT).lower, figures.GRIPPER_OPEN  # rad
CALM = 0.5  # share of full speed, with the cube in the jaws


class Sent:
    """The joint targets that the expert has sent; the arm may lag behind them."""

    def __init__(self, arm: RoArm) -> None:
        self.targets = np.array(arm.targets)  # rad

    def towards(self, wanted: Sequence[float], *, speed: float = 1.0) -> Action:
        """The action that moves the targets straight towards `wanted` rad, at the given share of full speed."""
        ways = (np.asarray(wanted) - self.targets) / figures.MAX_TARGET_STEP
        action = ways * min(1.0, speed / max(float(np.abs(ways).max()), 1e-9))
        self.targets = self.targets + action * figures.MAX_TARGET_STEP
        return np.asarray(action, dtype=np.float32)


class ReachExpert:
    """Moves straight to a pose with the tool point at the goal; tries another pose if it makes no progress."""

    def __init__(self, episode: EpisodeState[Reach]) -> None:
        self._episode = episode
        self._sent = Sent(episode.arm)
        goal: Point = episode.state.goal
        self._poses = ways_to(goal, episode.arm.targets)
        self._best, self._waited = 9.9, 0  # m, control steps

    def __call__(self, _observation: Any) -> Action:
        """The next action."""
        distance = self._episode.state.distance
        self._waited = 0 if distance < self._best - 1e-4 else self._waited + 1
        self._best = min(self._best, distance)
        if self._waited > STUCK_STEPS and len(self._poses) > 1:
            self._poses.pop(0)
            self._best, self._waited = 9.9, 0
        return self._sent.towards(self._poses[0])


def ways_to(goal: Point, start: Sequence[float]) -> list[Angles]:
    """Poses with the tool point at the goal, sorted: wrist and elbow high first, then the nearest to `start`."""

    def cost(pose: Angles) -> tuple[float, float]:
        low = min(wrist_height(pose[1], pose[2]), 0.05)
        under = any(tool_point(*at)[2] < min(goal[2], 0.03) - 0.005 for at in _between(start, pose))
        return (low < 0.05) + 2.0 * under, max(abs(a - b) for a, b in zip(pose, start, strict=True))

    pitches = [step * pi / 36 for step in range(-36, 72)]
    found = [pose for pitch in pitches for pose in solutions(goal, pitch=pitch) if within_limits(pose, margin=0.02)]
    return sorted(found, key=cost) or [tuple(start)]  # type: ignore[list-item]


def _between(start: Sequence[float], end: Angles) -> list[list[float]]:
    """Eight joint poses on the straight line in joint space from `start` to `end`, without the roll."""
    shares = [step / 8 for step in range(1, 9)]
    return [[a + share * (b - a) for a, b in zip(start[:4], end[:4], strict=True)] for share in shares]


def jaw_yaw(sensed: Handling) -> float:
    """The yaw of the direction in which the jaw opens, in rad."""
    return grip_point(sensed.angles, across=0.0, along=TIP)[1]


def held_at(sensed: Handling) -> tuple[float, float]:
    """The cube's position in a hand that points down: across and along it, in m."""
    (x, y, z), (tool_x, tool_y, tool_z), jaw = sensed.cube, sensed.tool, jaw_yaw(sensed)
    return (x - tool_x) * cos(jaw) + (y - tool_y) * sin(jaw), TIP + tool_z - z


class PickPlaceExpert:
    """Phases: above the cube, down, close the jaw, lift, above the goal, down, stay."""

    def __init__(self, episode: EpisodeState[PickPlace]) -> None:
        self._episode = episode
        self._arm: GripperArm = episode.arm  # type: ignore[assignment]
        self._sent = Sent(episode.arm)
        self._phase: Callable[[Handling, Course], Action | None] = self._approach
        self._waited = 0  # control steps in this phase
        self._held = (0.0, 0.0)  # the cube's position in the hand: across and along, in m

    def __call__(self, _observation: Any) -> Action:
        """The next action; a phase that is over returns None and sets the next phase."""
        state: Course = self._episode.state  # type: ignore[assignment]
        sensed = self._arm.sense(touching=False)
        while True:
            phase = self._phase
            action = phase(sensed, state)
            if action is not None:
                self._waited += 1
                return action
            self._waited = 0

    def _approach(self, sensed: Handling, state: Course) -> Action | None:
        return self._empty(sensed, state, HIGH, then=self._descend)

    def _descend(self, sensed: Handling, state: Course) -> Action | None:
        return self._empty(sensed, state, 0.0, then=self._close)

    def _close(self, sensed: Handling, state: Course) -> Action | None:
        if state.pressed >= 6:
            self._held = held_at(sensed)
            self._phase = self._lift
            return None
        if self._waited > 30:
            self._phase = self._approach
            return None
        return self._sent.towards([*self._sent.targets[:5], CLOSED])

    def _lift(self, sensed: Handling, state: Course) -> Action | None:
        x, y, _ = sensed.cube
        return self._carry(sensed, state, (x, y, state.edge / 2 + HIGH), then=self._move)

    def _move(self, sensed: Handling, state: Course) -> Action | None:
        x, y, z = state.goal
        return self._carry(sensed, state, (x, y, z + HIGH), then=self._lower)

    def _lower(self, sensed: Handling, state: Course) -> Action | None:
        return self._carry(sensed, state, state.goal, then=self._stay)

    def _stay(self, _sensed: Handling, state: Course) -> Action | None:
        if not state.still and self._waited > 20:
            self._phase = self._approach
            return None
        return np.zeros(6, np.float32)

    def _empty(self, sensed: Handling, state: Course, height: float, *, then: Any) -> Action | None:
        """Moves the open hand to the cube, or to `height` m above it."""
        across, along = grip_offsets(state.edge)
        x, y, z = sensed.cube
        yaw = sensed.turn + jaw_yaw(sensed)
        roll = float(self._sent.targets[4])
        heights = (z + height, z + height / 2, z)  # far from the base the hand cannot point down from high up
        found = (from_above((x, y, up), yaw, across=across, along=along, roll=roll) for up in heights)
        wanted = next((angles for angles in found if angles is not None), None)
        return self._go(wanted, OPEN, then=then, speed=1.0 if height else CALM)

    def _carry(self, sensed: Handling, state: Course, point: Point, *, then: Any) -> Action | None:
        """Moves the closed hand until the cube in it is at `point`."""
        if not state.grip:
            self._phase = self._approach
            return None
        across, along = self._held
        turn = atan2(point[1], point[0]) - atan2(sensed.cube[1], sensed.cube[0])
        roll = float(self._sent.targets[4])
        wanted = from_above(point, jaw_yaw(sensed) + turn, across=across, along=along, roll=roll)
        return self._go(wanted, CLOSED, then=then, speed=CALM)

    def _go(self, wanted: Angles | None, jaw: float, *, then: Any, speed: float) -> Action | None:
        if wanted is None:
            return np.zeros(6, np.float32)
        pose, targets = [*wanted, jaw], self._sent.targets
        arrived = max(abs(a - b) for a, b in zip(pose[:5], targets[:5], strict=True)) < 0.01
        if arrived and (jaw == CLOSED or abs(targets[5] - jaw) < 0.01):
            self._phase = then
            return None
        return self._sent.towards(pose, speed=speed)
