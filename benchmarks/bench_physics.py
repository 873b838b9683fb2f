"""How much cheaper physics settings deviate from a fine reference, what they cost, and how they behave in contact.

Errors: random motions from random clear poses, over the episodes that touch nothing in the reference (240 Hz, 50
iterations of the default solver); largest and mean error of a joint in rad and of the tool point in mm. Cost: a control
step (targets, physics, joint states) in turns with the reference and with six bare `stepSimulation` calls at 120 Hz and
10 iterations, medians of the ratios. Contact: the arm pushed into the table and into itself; the deepest overlap in mm,
how far a joint is pushed beyond its limit in rad, and the share of steps in which something touches.
"""

import argparse
import itertools
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pybullet
from numpy.typing import NDArray

from roarm_envs import figures
from roarm_envs.kinematics import tool_point
from roarm_envs.robot import LOWER, UPPER, RoArm
from roarm_envs.sim import FINEST_HZ, Physics, Sim, quiet

Array = NDArray[np.float64]
Make = Callable[[], Sim]

STEPS = 40
HOLD = 5  # control steps that an action is held, so that joints reach their full speed
PUSH = 60  # control steps that the arm is pushed into the table or itself
WORST_RAD, WORST_MM = 0.015, 3.0  # the largest errors that a setting may have


class MergedSim(Sim):
    """The tool point's link merged into its parent, which moves the parent's centre of mass."""

    urdf_flags = Sim.urdf_flags | pybullet.URDF_MERGE_FIXED_LINKS

    def _joint_indices(self) -> dict[str, int]:
        indices = super()._joint_indices()
        return {**indices, "tcp": indices["gripper"] + 1}  # no longer there, and not asked for


class TreeSim(Sim):
    """The engine's own broad phase."""

    world_flags = 0


class NoSelfSim(Sim):
    """An arm without self-collision, to measure what self-collision costs."""

    urdf_flags = pybullet.URDF_USE_INERTIA_FROM_FILE


class UnevenSim(Sim):
    """Physics steps of different lengths in one control step, given in 1/240 s."""

    lengths: Sequence[int] = ()

    def drive(self, targets: Sequence[float]) -> None:
        """Each step with the gain for its length."""
        for length in self.lengths:
            pybullet.setPhysicsEngineParameter(
                fixedTimeStep=length / FINEST_HZ, numSubSteps=1, physicsClientId=self._client
            )
            self._torques = [figures.joint(name).torque for name in self.joint_names]
            self._gains = [1.0 - (1.0 - figures.SERVO_GAIN) ** length] * len(self._torques)
            super().drive(targets)


def tuned(kind: type[Sim] = Sim, *, engine: dict[str, Any] | None = None, **physics: Any) -> Make:
    """Makes a simulation with further engine parameters."""

    def make() -> Sim:
        with quiet(1):
            sim = kind(Physics(**physics))
            if engine:
                pybullet.setPhysicsEngineParameter(**engine, physicsClientId=sim._client)
        return sim

    return make


def uneven(*lengths: int) -> Make:
    """Makes a simulation with steps of these lengths."""
    return tuned(type("UnevenSim", (UnevenSim,), {"lengths": lengths}))


def stock(hz: int, iterations: int, *, trimmed: bool = False) -> Make:
    """Makes a simulation with the stock solver."""
    return tuned(hz=hz, iterations=iterations, exact=False, trimmed=trimmed)


REFERENCE = stock(240, 50)
PGS = {"constraintSolverType": pybullet.CONSTRAINT_SOLVER_LCP_PGS}
SETTINGS: dict[str, Make] = {
    "default: 60 Hz exact trimmed": tuned(),
    "240 Hz stock 500": tuned(hz=240, iterations=500, exact=False, engine={"solverResidualThreshold": 0.0}),
    "240 Hz exact": tuned(hz=240),
    **{
        f"{hz} Hz stock {iterations}": stock(hz, iterations)
        for hz, iterations in ((60, 20), (60, 50), (60, 80), (80, 50), (120, 10), (120, 20), (120, 50))
    },
    "60 Hz stock 50 trimmed": stock(60, 50, trimmed=True),
    "60 Hz stock 80 trimmed": stock(60, 80, trimmed=True),
    **{f"{hz} Hz exact": tuned(hz=hz, trimmed=False) for hz in (40, 60, 80, 120)},
    **{f"{hz} Hz exact trimmed": tuned(hz=hz) for hz in (40, 80, 120)},
    "default, fallback 20": tuned(iterations=20),
    "default, fallback 100": tuned(iterations=100),
    "60 Hz dense PGS 50 trimmed": tuned(engine=PGS),
    "steps of 3, 5, 4 exact": uneven(3, 5, 4),
    "steps of 2, 2, 4, 4 exact": uneven(2, 2, 4, 4),
    "steps of 3, 9 exact": uneven(3, 9),
    "default, fixed links merged": tuned(MergedSim),
    "default, tree broad phase": tuned(TreeSim),
    "default, no self-collision": tuned(NoSelfSim),
    "default, no cone friction": tuned(engine={"enableConeFriction": 0}),
    "default, no warm start": tuned(engine={"warmStartingFactor": 0.0}),
    "default, no softness": tuned(engine={"globalCFM": 0.0}),
    "default, softness 1e-4": tuned(engine={"globalCFM": 1e-4}),
    "default, pairs in any order": tuned(engine={"deterministicOverlappingPairs": 0}),
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """The measurements of one setting."""

    setting: str
    worst_rad: float
    mean_rad: float
    worst_mm: float
    mean_mm: float
    cost_of_reference: float
    cost_of_bare: float
    overlap_mm: float
    beyond_rad: float
    touching: float

    @property
    def passes(self) -> bool:
        """Whether it stays within both bounds."""
        return self.worst_rad <= WORST_RAD and self.worst_mm <= WORST_MM

    def line(self) -> str:
        """A line of the table."""
        return (
            f"{self.setting:34s} {self.worst_rad:9.4f}  {self.mean_rad:8.5f}  {self.worst_mm:8.2f}  "
            f"{self.mean_mm:7.2f}  {self.cost_of_reference:12.3f}  {self.cost_of_bare:7.3f}  "
            f"{self.overlap_mm:10.1f}  {self.beyond_rad:10.3f}  {self.touching:8.3f}{'  within' if self.passes else ''}"
        )


def motions(count: int) -> list[tuple[Array, Array]]:
    """For each episode a clear start (5,) rad and the joint targets (STEPS, 5) rad that are streamed from there."""
    arm, drawn = RoArm(), []
    for episode in range(count):
        rng = np.random.default_rng(episode)
        arm.random_pose(rng, base=1.57, min_height=0.05, margin=0.01)
        start = arm.sim.joints()[0][:5]
        actions = np.repeat(rng.uniform(-1.0, 1.0, (STEPS // HOLD, 5)), HOLD, axis=0)
        drawn.append((start, streamed(start, actions)))
    arm.close()
    return drawn


def streamed(start: Array, actions: Array) -> Array:
    """Targets (steps, 5) that follow from increments, cut to the limits as they are by the arm."""
    targets, now = [], start
    for action in actions:
        now = np.clip(now + action * figures.MAX_TARGET_STEP, LOWER, UPPER)
        targets.append(now)
    return np.array(targets)


def play(sim: Sim, start: Array, targets: Array) -> tuple[Array, list[bool]]:
    """Joint angles (steps, 5) after each control step, and whether there was a contact in it."""
    sim.place((*start, figures.GRIPPER_HOME))
    angles, touching = np.zeros((len(targets), 5)), []
    for step, target in enumerate(targets):
        sim.drive((*target, figures.GRIPPER_HOME))
        angles[step] = sim.joints()[0][:5]
        touching.append(sim.touches())
    return angles, touching


def tools(angles: Array) -> Array:
    """Tool points (..., 3) m."""
    points = [tool_point(*row[:4])[:3] for row in angles.reshape(-1, 5).tolist()]
    return np.array(points).reshape(*angles.shape[:-1], 3)


def pushed(sim: Sim) -> tuple[float, float, float]:
    """Deepest overlap in mm, farthest angle beyond a limit in rad, share of steps with a contact."""
    overlap, beyond, touched, steps = 0.0, 0.0, 0, 0
    for corner in itertools.product((-1.0, 1.0), repeat=4):
        home = np.array(figures.HOME)
        sim.place((*home, figures.GRIPPER_HOME))
        for target in streamed(home, np.tile([*corner, 0.3], (PUSH, 1))):
            sim.drive((*target, figures.GRIPPER_HOME))
            points = pybullet.getContactPoints(sim._arm, physicsClientId=sim._client)
            angles = sim.joints()[0][:5]
            overlap = max(overlap, *(-point[8] for point in points), 0.0)
            beyond = max(beyond, float(np.maximum(LOWER - angles, angles - UPPER).max()))
            touched += bool(points)
            steps += 1
    return overlap * 1e3, beyond, touched / steps


def seconds(sim: Sim, start: Array, targets: Array) -> float:
    """Seconds of a control step with everything that an environment reads from the joints."""
    rows = [(*target, figures.GRIPPER_HOME) for target in targets.tolist()]
    sim.place((*start, figures.GRIPPER_HOME))
    begun = time.perf_counter()
    for row in rows:
        sim.drive(row)
        sim.joint_states()
    return (time.perf_counter() - begun) / len(rows)


def bare_seconds(sim: Sim) -> float:
    """Seconds of six bare steps, from home, where the engine's default motors hold the arm up well enough."""
    sim.place((*figures.HOME, figures.GRIPPER_HOME))
    client = sim._client
    begun = time.perf_counter()
    for _ in range(6 * STEPS):
        pybullet.stepSimulation(client)
    return (time.perf_counter() - begun) / STEPS


def bare_sim() -> Sim:
    """120 Hz, 10 iterations of the stock solver, a step a call."""
    sim = stock(120, 10)()
    pybullet.setPhysicsEngineParameter(fixedTimeStep=1 / 120, numSubSteps=1, physicsClientId=sim._client)
    return sim


def judged(setting: str, found: Array, wanted: Array, times: Array, contact: tuple[float, float, float]) -> Row:
    """Angles (episodes, steps, 5) against those of the reference; seconds (turns, 3) of it, the reference and bare."""
    angles = np.abs(found - wanted)
    tool = np.linalg.norm(tools(found) - tools(wanted), axis=-1) * 1e3
    overlap, beyond, touching = contact
    return Row(
        setting=setting,
        worst_rad=float(angles.max()),
        mean_rad=float(angles.mean()),
        worst_mm=float(tool.max()),
        mean_mm=float(tool.mean()),
        cost_of_reference=float(np.median(times[:, 0] / times[:, 1])),
        cost_of_bare=float(np.median(times[:, 0] / times[:, 2])),
        overlap_mm=overlap,
        beyond_rad=beyond,
        touching=touching,
    )


def main() -> None:
    """Measures every setting against the reference."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--quick", action="store_true", help="ten episodes instead of a hundred, three turns for thirty"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    options = parser.parse_args()
    count, turns = (10, 3) if options.quick else (100, 30)
    drawn = motions(count)
    reference, bare = REFERENCE(), bare_sim()
    played = [play(reference, *motion) for motion in drawn]
    free = [index for index, (_, touching) in enumerate(played) if not any(touching)]
    wanted = np.array([played[index][0] for index in free])
    print(f"{len(free)} of {count} episodes touch nothing")
    print(
        f"{'setting':34s} worst rad  mean rad  worst mm  mean mm  of reference  of bare"
        "  overlap mm  beyond rad  touching"
    )
    rows = []
    for setting, make in {"reference: 240 Hz stock 50": REFERENCE, **SETTINGS}.items():
        sim = make()
        found = np.array([play(sim, *motion)[0] for motion in drawn])[free]
        turns_taken = itertools.islice(itertools.cycle([drawn[index] for index in free]), turns)
        times = [(seconds(sim, *motion), seconds(reference, *motion), bare_seconds(bare)) for motion in turns_taken]
        rows.append(judged(setting, found, wanted, np.array(times), pushed(sim)))
        print(rows[-1].line(), flush=True)
        sim.close()
    reference.close()
    bare.close()
    if options.json:
        options.json.write_text(json.dumps({"results": [asdict(row) for row in rows]}, indent=2))


if __name__ == "__main__":
    main()
