"""Pick and place: grip a cube on the table, carry it through the air, set it down at the goal and hold it there.

The cube is held only by contact and friction. Start and goal lie in a part of the table above which the hand can
point straight down.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import cos, dist, hypot, inf, pi, sin
from typing import ClassVar, Literal

import numpy as np

from roarm_envs import figures, rewards
from roarm_envs.gripper import JAW_LIMITS, GripperArm, Handling
from roarm_envs.inverse import Angles, from_above
from roarm_envs.robot import LIMITS
from roarm_envs.sim import Cube
from roarm_envs.tasks.base import Judgement, Point, in_arm_frame

RADII = (0.18, 0.30)  # m from the base's axis, of cubes and goals
TURN = pi / 3  # rad to either side
APART = 0.06  # m at least, from cube to goal
OUT_OF_REACH = 0.42  # m from the base's axis: a cube beyond it is lost
CLEARANCE = 0.004  # m between the fixed jaw's tip and the table
BESIDE = 0.002  # m between the fixed jaw and a cube that is about to be gripped
HIGH = 0.07  # m above the cube, from where the hand comes down

FIRM = 5  # control steps in a row with both jaws in contact make a grasp
SPAN = 0.8  # m: the remaining way at which the carrying reward is zero
STEEP = 4.0  # weight of a metre too low against a metre along the table
SLOPE = 0.1  # m from the goal within which the desired height falls to the table

_HALF_METRE, _SHARE = (1.0 / 0.5, 0.0), (1.0, 0.0)  # scales of positions and offsets, and of numbers from 0 to 1


@dataclass(slots=True, kw_only=True)
class Course:
    """An episode of picking and placing."""

    goal: Point
    edge: float  # m, of the cube
    distance: float  # m from the cube to the goal
    far: float  # m from the grip to the cube
    grip: int = 0  # 0 to `FIRM`, up with each step in which both jaws press, down with each in which they do not
    pressed: int = 0  # steps in a row in which both jaws pressed
    still: int = 0  # steps in a row for which the cube has lain at the goal
    carried: float = 0.0  # reward of carrying so far
    stages: dict[str, bool] = field(
        default_factory=lambda: dict.fromkeys(("reached", "grasped", "lifted", "placed", "failed"), False)
    )


@dataclass(frozen=True, kw_only=True)
class PickPlace:
    """The task's options and its rules."""

    marker: ClassVar[Literal["ball", "disc"]] = "disc"
    scales: ClassVar[tuple[tuple[float, float], ...]] = (
        *((2.0 / (upper - lower), -2.0 * lower / (upper - lower) - 1.0) for lower, upper in (*LIMITS, JAW_LIMITS)),
        *[(1.0 / figures.SERVO_SPEED, 0.0)] * 5,
        *[_HALF_METRE] * 5,  # cube, goal on the table
        *[_HALF_METRE] * 6,  # from grip to cube, from cube to goal
        *[_SHARE] * 8,  # the cube's turn, jaws, grip, lifted, held at the goal
    )

    cube: Cube = field(default_factory=Cube)
    tolerance: float = 0.02  # m, on the table
    hold_steps: int = 10  # that the cube lies at the goal, half a second
    lift: float = 0.03  # m above the table that count as lifted
    carry: float = 0.05  # m above the table, the height with the highest carrying reward

    reach_scale: float = 8.0  # per metre
    grasp_bonus: float = 5.0
    carry_scale: float = 10.0  # per metre
    rest_bonus: float = 5.0  # spread over the steps in which the cube has to stay at the goal
    success_bonus: float = 15.0
    effort_weight: float = 0.01
    collision_weight: float = 0.1
    reward: str = "dense"  # or "sparse": the bonus alone

    def make_arm(self) -> GripperArm:
        """The arm with its gripper, and the cube."""
        return GripperArm(self.cube)

    def start(self, arm: GripperArm, rng: np.random.Generator, difficulty: float) -> Course:
        """Places a cube, draws a goal and puts the arm at home with its jaw open.

        At a lower difficulty the goal is nearer to the cube, the cube is turned less, and the arm starts between home
        and the cube: at 0.1 with the cube between its open jaws.
        """
        edge = arm.sim.cube.edge
        radius, turn = rng.uniform(*RADII), rng.uniform(-TURN, TURN)
        yaw = turn + difficulty * rng.uniform(-pi / 4, pi / 4)
        cube = (radius * cos(turn), radius * sin(turn), edge / 2)
        goal = self._goal(rng, cube, farthest=inf if difficulty >= 1.0 else 0.05 + 0.4 * difficulty)
        arm.sim.forget()
        arm.sim.place_cube(cube, (0.0, 0.0, sin(yaw / 2), cos(yaw / 2)))
        away = (difficulty - 0.1) / 0.9
        arm.place(way_in(cube, yaw, edge, away=away if difficulty >= 1.0 else away * rng.uniform()))
        sensed = arm.sense(touching=False)
        return Course(goal=goal, edge=edge, distance=dist(cube, goal), far=dist(sensed.grip, cube))

    def _goal(self, rng: np.random.Generator, cube: Point, *, farthest: float) -> Point:
        while True:
            radius, turn = rng.uniform(*RADII), rng.uniform(-TURN, TURN)
            goal = (radius * cos(turn), radius * sin(turn), cube[2])
            if APART <= dist(goal, cube) <= farthest:
                return goal

    def observe(self, sensed: Handling, state: Course) -> tuple[float, ...]:
        """Thirty numbers, before scaling.

        Angles of joints and jaw, joint speeds, the cube's and the goal's position in the world, the offsets from the
        grip to the cube and from the cube to the goal in the arm's frame, the cube's yaw relative to the jaws (with
        its fourfold symmetry), which jaw presses and whether both do, and the progress of grasping, lifting and
        holding.
        """
        return (
            *sensed.angles,
            sensed.opening,
            *sensed.speeds,
            *sensed.cube,
            *state.goal[:2],
            *in_arm_frame(sensed.heading, sensed.grip, sensed.cube),
            *in_arm_frame(sensed.heading, sensed.cube, state.goal),
            cos(4.0 * sensed.turn),
            sin(4.0 * sensed.turn),
            float(sensed.fixed),
            float(sensed.moving),
            float(sensed.fixed and sensed.moving),
            state.grip / FIRM,
            float(state.stages["lifted"]),
            state.still / self.hold_steps,
        )

    def judge(self, sensed: Handling, action: Sequence[float], state: Course) -> Judgement:
        """Judges the step that has just been made.

        The rewards of gripping and carrying are taken back when the grip is lost anywhere but at the goal, and when
        the cube is lost.
        """
        before, held_before = state.far, self._held(state)
        success = self._advance(sensed, state)
        if self.reward == "sparse":
            terms = {"success": rewards.success(success, bonus=self.success_bonus)}
        else:
            held = self._held(state)
            carried = held * self.carry_scale * (SPAN - self._way_left(sensed, state))
            carried += self.rest_bonus * state.still / self.hold_steps
            mean_square = rewards.added([part * part for part in action]) / len(action)
            terms = {
                "reach": rewards.progress(before, state.far, scale=self.reach_scale),
                "grasp": self.grasp_bonus * (held - held_before),
                "carry": carried - state.carried,
                "success": rewards.success(success, bonus=self.success_bonus),
                "cost": rewards.effort(mean_square, weight=self.effort_weight)
                + rewards.collision(sensed.touching, weight=self.collision_weight),
            }
            state.carried = carried
        return Judgement(success, state.stages["failed"], state.distance, terms, dict(state.stages))

    def _advance(self, sensed: Handling, state: Course) -> bool:
        """Updates counts and stages; returns whether the task is solved."""
        x, y, z = sensed.cube
        height = z - state.edge / 2
        aside = hypot(x - state.goal[0], y - state.goal[1])
        both = sensed.fixed and sensed.moving
        state.far, state.distance = dist(sensed.grip, sensed.cube), dist(sensed.cube, state.goal)
        state.pressed = state.pressed + 1 if both else 0
        state.grip = min(state.grip + 1, FIRM) if both else max(state.grip - 1, 0)
        stages = state.stages
        stages["reached"] |= both or state.far <= self.tolerance
        stages["grasped"] |= state.pressed >= FIRM
        stages["lifted"] |= state.pressed >= FIRM and height >= self.lift
        # On the table, perhaps tilted: the centre of a cube on its corner is 0.37 of an edge higher.
        there = stages["lifted"] and aside <= self.tolerance and height <= 0.37 * state.edge
        state.still = state.still + 1 if there else 0
        stages["placed"] |= there
        stages["failed"] = hypot(x, y) > OUT_OF_REACH or height < -state.edge
        return state.still >= self.hold_steps

    def _held(self, state: Course) -> float:
        """How firmly the cube is held, from 0 to 1; one that lies at the goal counts as held."""
        if state.stages["failed"]:
            return 0.0
        return 1.0 if state.still else state.grip / FIRM

    def _way_left(self, sensed: Handling, state: Course) -> float:
        """The cube's remaining way, in m along the table, plus its weighted distance from the desired height.

        Too low has more weight, since an exploring policy loses the cube more easily in the air and would learn not to
        lift it. Approaching the goal too high still counts as progress.
        """
        x, y, z = sensed.cube
        aside = hypot(x - state.goal[0], y - state.goal[1])
        suits = self.carry * min(max((aside - self.tolerance / 2) / SLOPE, 0.0), 1.0)
        over = z - state.edge / 2 - suits
        return aside + (over if over > 0.0 else -STEEP * over)


def grip_offsets(edge: float) -> tuple[float, float]:
    """The position of a cube's centre in the hand that is about to grip it from above: across and along, in m."""
    return figures.FIXED_JAW_FACE + edge / 2 + BESIDE, figures.joint("tcp").xyz[2] - edge / 2 + CLEARANCE


def over(point: Point, yaw: float, edge: float, *, height: float = 0.0) -> Angles:
    """Angles with jaws that point down round a cube with its centre at `point`, or `height` m above it.

    Raises:
        ValueError: if the hand cannot reach that pose.
    """
    across, along = grip_offsets(edge)
    angles = from_above((point[0], point[1], point[2] + height), yaw, across=across, along=along)
    if angles is None:
        raise ValueError(f"the hand cannot point down at {point}, {height} m over it")
    return angles


def way_in(cube: Point, yaw: float, edge: float, *, away: float) -> list[float]:
    """Angles on the way from the grasp (0) straight up (to 0.3) and then home (1)."""
    if away <= 0.3:
        return list(over(cube, yaw, edge, height=HIGH * away / 0.3))
    high, share = over(cube, yaw, edge, height=HIGH), (away - 0.3) / 0.7
    return [at + share * (home - at) for at, home in zip(high, figures.HOME, strict=True)]
