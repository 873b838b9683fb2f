"""Training on the arm: Stable-Baselines3 with its default vector environment, tuner, and the physics alone.

`sb3` is PPO with a DummyVecEnv of monitored single environments; `ours` is fused PPO with the vector environment that
trials use. Both train the same number of environment steps with the PPO guide's defaults: batch 64, ten epochs,
rollouts of 2048 samples in total. `physics` is the same number of control steps of one arm as the environment makes
them, by PyBullet's calls alone: targets to the motors, `stepSimulation`, contacts, joint states. The three alternate;
evaluation is left out.

`ratio_to_sb3` is SB3's time over ours, `ratio_to_physics` our time over the physics': medians over the rounds, least,
greatest, and the 95 % interval of the mean (Student's t of the logarithms).
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy is imported

import time
from collections.abc import Callable, Sequence
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from pairs import alternate, parser, spread, table, write_json
from scipy import stats
from stable_baselines3 import PPO
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv

from roarm_envs import figures
from roarm_envs.robot import RoArm
from tuner.records import EnvironmentRef
from tuner.training.environments import make_vec_env
from tuner.training.fused_ppo import FusedPPO

ARM = "roarm_envs:RoArmReach-v0"
COUNTS = (1, 4, 8)
ROLLOUT = 2048  # samples per update, over all environments
HOLD = 5  # control steps for which the bare physics keeps a target


def train(kind: type[PPO], env: VecEnv, steps: int) -> None:
    """Trains a new model."""
    n_steps = ROLLOUT // env.num_envs
    kind("MlpPolicy", env, n_steps=n_steps, batch_size=64, n_epochs=10, seed=0, device="cpu").learn(steps)


class BarePhysics:
    """The engine as the environment sets it up, with an arm that gets a new target every five control steps."""

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._arm = RoArm()
        self.seconds: list[float] = []

    def __call__(self) -> None:
        """Runs the steps; only the calls are timed."""
        rng, total, sim = np.random.default_rng(0), 0.0, self._arm.sim
        home = np.array([*figures.HOME, figures.GRIPPER_HOME])
        targets = home.tolist()
        for step in range(self._steps):
            if step % HOLD == 0:
                targets = (home + 0.2 * rng.uniform(-1.0, 1.0, len(home))).tolist()
            begun = time.perf_counter()
            sim.drive(targets)
            sim.touches()
            sim.joint_states()
            total += time.perf_counter() - begun
        self.seconds.append(total)


def measure(environment: str, n_envs: int, steps: int, rounds: int) -> dict[str, Any]:
    """Microseconds per environment step of the contestants, and the ratios."""
    stock = DummyVecEnv([lambda: Monitor(gym.make(environment))] * n_envs)
    own = make_vec_env(EnvironmentRef(id=environment, n_envs=n_envs))
    contestants: dict[str, Callable[[], object]] = {
        "sb3": lambda: train(PPO, stock, steps),
        "ours": lambda: train(FusedPPO, own, steps),
    }
    if environment == ARM:
        contestants["physics"] = physics = BarePhysics(steps)
    times = alternate(contestants, rounds)
    stock.close()
    own.close()
    found = {"environment": environment.rpartition(":")[2], "n_envs": n_envs}
    ratios = _ratio("sb3", times.ratios("sb3", "ours"))
    if environment == ARM:
        times.seconds["physics"] = physics.seconds[-rounds:]
        ratios |= _ratio("physics", times.ratios("ours", "physics"))
    micros = {f"{name}_us": spread(seconds).median / steps * 1e6 for name, seconds in times.seconds.items()}
    return {**found, **micros, **ratios}


def _ratio(name: str, ratios: Sequence[float]) -> dict[str, float]:
    logs = np.log(ratios)
    half = float(stats.t.ppf(0.975, len(logs) - 1) * logs.std(ddof=1) / np.sqrt(len(logs)))
    found = spread(ratios)
    return {
        f"ratio_to_{name}": found.median,
        f"{name}_min": found.min,
        f"{name}_max": found.max,
        f"{name}_low": float(np.exp(logs.mean() - half)),
        f"{name}_high": float(np.exp(logs.mean() + half)),
    }


def main() -> None:
    """Measures every number of environments."""
    made = parser(__doc__, rounds=7)
    made.add_argument("--env", default=ARM, metavar="ID", help="another environment; without physics")
    options = made.parse_args()
    torch.set_num_threads(1)
    steps, rounds = (ROLLOUT, 2) if options.quick else (2 * ROLLOUT, options.rounds)
    results = [measure(options.env, n_envs, steps, rounds) for n_envs in COUNTS]
    print(table(results))
    if options.json:
        write_json(options.json, results)


if __name__ == "__main__":
    main()
