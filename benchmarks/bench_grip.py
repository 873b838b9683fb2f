"""How well the jaws hold a cube under several settings of the physics, and what a control step costs there.

Cubes of 20, 25 and 30 mm are gripped from above, lifted by 70 mm and moved by random actions on all joints, a new one
every quarter of a second, for two seconds. Dropped: a jaw no longer presses at the end. Slip: how far the cube's centre
moved in the hand, in mm, of those that were held. Sunk: how deep a jaw overlaps the cube when it is gripped, in mm.
Cost: a control step with the cube in the jaws, as a ratio to the setting in use, in turns with it.
"""

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from math import atan2, pi
from pathlib import Path

import numpy as np
import pybullet
from numpy.typing import NDArray

from roarm_envs import figures
from roarm_envs.gripper import JAW_LIMITS
from roarm_envs.kinematics import tool_pose
from roarm_envs.robot import LOWER, UPPER
from roarm_envs.sim import Cube, GripperSim, Physics
from roarm_envs.tasks.pick_place import HIGH, over

EDGES = (0.020, 0.025, 0.030)  # m
HELD_FOR, CHANGED_EVERY = 40, 5  # control steps
CLOSING, LIFTING = 14, 14  # control steps
CLOSED, OPEN = JAW_LIMITS[0], figures.GRIPPER_OPEN  # rad


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What the engine is told while the hand is at the cube."""

    name: str
    physics: Physics
    anchor_pull: float
    firmness: float

    def make(self, edge: float) -> GripperSim:
        """A simulation that keeps to it."""
        names = {"gripping": self.physics, "anchor_pull": self.anchor_pull, "firmness": self.firmness}
        sim: GripperSim = type("Setting", (GripperSim,), names)(Physics(), Cube(edge=edge))
        sim.refine(fine=True)
        return sim


@dataclass(frozen=True, kw_only=True)
class Row:
    """What came of a setting."""

    setting: str
    speed: float  # rad/s, the most of any joint
    cubes: int
    dropped: int
    slip: float | None  # mm, median
    sunk: tuple[float, ...]  # mm, for each edge
    cost: float  # of the setting in use

    def line(self) -> str:
        """As a row of a Markdown table."""
        slip = "-" if self.slip is None else f"{self.slip:.1f}"
        sunk = " / ".join(f"{depth:.1f}" for depth in self.sunk)
        return (
            f"| {self.setting} | {self.speed:g} | {self.dropped} of {self.cubes} | {slip} | {sunk} | {self.cost:.2f} |"
        )


def settings() -> Iterator[Setting]:
    """The one in use first."""
    usual = GripperSim.gripping
    pull, firm = GripperSim.anchor_pull, GripperSim.firmness
    yield Setting(name="in use", physics=usual, anchor_pull=pull, firmness=firm)
    for name, physics in (
        ("60 Hz", Physics(hz=60, softness=usual.softness)),
        ("240 Hz", Physics(hz=240, softness=usual.softness)),
        ("softness 1e-7", Physics(hz=usual.hz)),
        ("stock solver, 50 iterations", Physics(hz=usual.hz, exact=False, softness=usual.softness)),
    ):
        yield Setting(name=name, physics=physics, anchor_pull=pull, firmness=firm)
    yield Setting(name="no anchor pull", physics=usual, anchor_pull=0.0, firmness=firm)
    yield Setting(name="contact stiffness 0.8", physics=usual, anchor_pull=pull, firmness=0.8)


def gripped(sim: GripperSim, rng: np.random.Generator) -> list[float]:
    """Grips a cube; returns the targets, the jaw's among them."""
    edge = sim.cube.edge
    place = (float(rng.uniform(0.2, 0.28)), float(rng.uniform(-0.1, 0.1)), edge / 2)
    yaw = atan2(place[1], place[0])
    pose = over(place, yaw, edge)
    sim.forget()
    sim.place([*pose, OPEN])
    sim.place_cube(place, (0.0, 0.0, float(np.sin(yaw / 2)), float(np.cos(yaw / 2))))
    for step in range(1, CLOSING + 1):
        sim.drive([*pose, max(OPEN - step * figures.MAX_TARGET_STEP, CLOSED)])
    for step in range(1, LIFTING + 1):
        lifted = over(place, yaw, edge, height=HIGH * step / LIFTING)
        sim.drive([*lifted, CLOSED])
    return [*lifted, CLOSED]


def in_hand(sim: GripperSim) -> NDArray[np.float64]:
    """Where the cube's centre is in the tool's frame, in m."""
    angles = [state[0] for state in sim.joint_states()]
    centre: NDArray[np.float64] = np.linalg.inv(tool_pose(angles[:5])) @ np.array([*sim.cube_pose()[0], 1.0])
    return centre[:3]


def carried(setting: Setting, edge: float, seed: int, speed: float) -> tuple[bool, float]:
    """Whether a cube was still held after two seconds, and how far it moved in the hand, in mm."""
    rng = np.random.default_rng(seed)
    sim = setting.make(edge)
    try:
        targets = np.array(gripped(sim, rng))
        start, action = in_hand(sim), np.zeros(5)
        for step in range(HELD_FOR):
            if step % CHANGED_EVERY == 0:
                action = rng.uniform(-1.0, 1.0, 5) * speed / figures.CONTROL_HZ
            targets[:5] = np.clip(
                targets[:5] + action, np.maximum(LOWER, -pi), np.minimum(UPPER, [pi, 0.75, 1.5, 1.5, pi])
            )
            sim.drive(targets.tolist())
        contacts = sim.contacts()
        return contacts.fixed and contacts.moving, float(np.linalg.norm(in_hand(sim) - start)) * 1e3
    finally:
        sim.close()


def sunk(setting: Setting, edge: float) -> float:
    """The deepest overlap of jaw and cube in a quiet grasp, in mm."""
    sim = setting.make(edge)
    try:
        gripped(sim, np.random.default_rng(0))
        points = pybullet.getContactPoints(sim._arm, sim._cube, physicsClientId=sim.client)
        return max([-point[8] for point in points], default=0.0) * 1e3
    finally:
        sim.close()


def cost(setting: Setting, usual: Setting, rounds: int = 9, steps: int = 60) -> float:
    """A control step with the cube in the jaws, over one of the setting in use: the median of the rounds' ratios."""
    sims = [each.make(EDGES[1]) for each in (setting, usual)]
    try:
        targets = [gripped(sim, np.random.default_rng(0)) for sim in sims]
        ratios = []
        for _ in range(rounds):
            seconds = []
            for sim, target in zip(sims, targets, strict=True):
                begun = time.perf_counter()
                for _ in range(steps):
                    sim.drive(target)
                seconds.append(time.perf_counter() - begun)
            ratios.append(seconds[0] / seconds[1])
        return float(np.median(ratios))
    finally:
        for sim in sims:
            sim.close()


def judged(setting: Setting, usual: Setting, seeds: int, speed: float) -> Row:
    """Everything about a setting."""
    found = [carried(setting, edge, seed, speed) for edge in EDGES for seed in range(seeds)]
    slips = [slip for held, slip in found if held]
    return Row(
        setting=setting.name,
        speed=speed,
        cubes=len(found),
        dropped=sum(not held for held, _ in found),
        slip=float(np.median(slips)) if slips else None,
        sunk=tuple(sunk(setting, edge) for edge in EDGES),
        cost=cost(setting, usual),
    )


def main() -> None:
    """Prints the table, a row as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=6, help="cubes of each edge (default: 6)")
    parser.add_argument("--speed", type=float, default=1.4, help="of every joint at most, rad/s (default: 1.4)")
    parser.add_argument("--json", type=Path, help="write the rows there as well")
    wanted = parser.parse_args()
    rows = []
    print("| setting | rad/s | dropped | slip, mm | sunk in at 20 / 25 / 30 mm | cost |\n|---|---|---|---|---|---|")
    usual, *others = settings()
    for setting in (usual, *others):
        rows.append(judged(setting, usual, wanted.seeds, wanted.speed))
        print(rows[-1].line(), flush=True)
    if wanted.json:
        wanted.json.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")


if __name__ == "__main__":
    main()
