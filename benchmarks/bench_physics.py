"""How far cheaper physics settings stray from a fine reference, and what they cost.

Random motions in free space from random clear poses; a setting is a physics rate and a number of solver iterations.
Prints a table, medians and maxima over the episodes that touch nothing in the reference.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from roarm_envs.robot import RoArm
from roarm_envs.sim import Physics

REFERENCE = Physics(hz=240, iterations=50)
SETTINGS = [(60, 20), (60, 30), (60, 50), (60, 80), (80, 50), (120, 10), (120, 20), (120, 30)]
HOLD = 5  # control steps that an action is held, so that joints reach their full speed


def episodes(physics: Physics, count: int, steps: int) -> tuple[NDArray[np.float64], NDArray[np.bool_], float]:
    """Joint angles and tool points (count, steps, 8), contacts (count, steps), seconds a control step."""
    arm = RoArm(physics)
    states = np.zeros((count, steps, 8))
    touching = np.zeros((count, steps), dtype=bool)
    seconds = 0.0
    for episode in range(count):
        rng = np.random.default_rng(episode)
        arm.random_pose(rng, base=1.57, min_height=0.05, margin=0.01)
        action = np.zeros(5)
        for step in range(steps):
            if step % HOLD == 0:
                action = rng.uniform(-1.0, 1.0, 5)
            begun = time.perf_counter()
            state = arm.move(action)
            seconds += time.perf_counter() - begun
            states[episode, step] = [*state.angles, *state.tool]
            touching[episode, step] = state.touching
    arm.close()
    return states, touching, seconds / (count * steps)


def main() -> None:
    """Measures every setting against the reference."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="ten episodes instead of a hundred")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    options = parser.parse_args()
    count, steps = (10 if options.quick else 100), 40
    reference, touching, reference_seconds = episodes(REFERENCE, count, steps)
    free = ~touching.any(axis=1)
    print(f"{free.sum()} of {count} episodes touch nothing; reference 240 Hz, 50 iterations")
    print("  hz  iterations  worst rad  mean rad  worst mm  mean mm  cost of the reference")
    results = []
    for hz, iterations in SETTINGS:
        states, _, seconds = episodes(Physics(hz=hz, iterations=iterations), count, steps)
        angles = np.abs(states - reference)[free][..., :5]
        tool = np.linalg.norm((states - reference)[free][..., 5:], axis=-1) * 1e3
        row = {
            "hz": hz,
            "iterations": iterations,
            "worst_rad": float(angles.max()),
            "mean_rad": float(angles.mean()),
            "worst_mm": float(tool.max()),
            "mean_mm": float(tool.mean()),
            "cost": seconds / reference_seconds,
        }
        results.append(row)
        print(
            f"{hz:4d}  {iterations:10d}  {row['worst_rad']:9.4f}  {row['mean_rad']:8.5f}  {row['worst_mm']:8.1f}  "
            f"{row['mean_mm']:7.2f}  {row['cost']:7.2f}"
        )
    if options.json:
        options.json.write_text(json.dumps({"results": results}, indent=2))


if __name__ == "__main__":
    main()
