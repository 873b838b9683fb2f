"""Training on the arm: Stable-Baselines3 with its default vector environment, others, tuner, and the physics alone.

`sb3` is PPO with a DummyVecEnv of monitored single environments; `ours` is fused PPO with the vector environment that
trials use. Both train the same number of environment steps with the PPO guide's defaults: batch 64, ten epochs,
rollouts of 2048 samples in total. `physics` is the same number of control steps of one arm as the environment makes
them, by PyBullet's calls alone: targets to the motors, `stepSimulation`, contacts, joint states. `--others` adds
`cleanrl`, a short script in CleanRL's manner, and, if it can be imported (`pip install sbx-rl`), SBX's PPO on JAX:
`sbx` compiles in every run, as a new trial does, `sbx_compiled` goes on with one that has. All alternate; evaluation is
left out. JAX has threads of its own: `taskset -c 0 python …` gives all one core.

`ratio` is a contestant's time over ours, and for the physics ours over theirs: the median over the rounds, least,
greatest, and the 95 % interval of the mean (Student's t of the logarithms).
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy is imported

import importlib
import importlib.util
import time
from collections.abc import Callable, Sequence
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from cleanrl_style import Script
from pairs import alternate, parser, spread, table, write_json
from scipy import stats
from stable_baselines3 import PPO
from stable_baselines3.common.base_class import BaseAlgorithm
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
SIZES = {"batch_size": 64, "n_epochs": 10}
HOLD = 5  # control steps for which the bare physics keeps a target


def made(kind: Callable[..., BaseAlgorithm], env: VecEnv) -> BaseAlgorithm:
    """A new model."""
    return kind("MlpPolicy", env, n_steps=ROLLOUT // env.num_envs, seed=0, device="cpu", **SIZES)


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


def other_contestants(environment: str, env: VecEnv, steps: int) -> dict[str, Callable[[], object]]:
    """A script in CleanRL's manner, where actions are continuous, and SBX, where it is installed."""
    found: dict[str, Callable[[], object]] = {}
    if isinstance(env.action_space, gym.spaces.Box):
        script = Script(environment, env.num_envs, ROLLOUT // env.num_envs, **SIZES)
        found["cleanrl"] = lambda: script.learn(steps)
    if importlib.util.find_spec("sbx"):
        kind = importlib.import_module("sbx").PPO
        compiled = made(kind, env).learn(ROLLOUT)
        found["sbx"] = lambda: made(kind, env).learn(steps)
        found["sbx_compiled"] = lambda: compiled.learn(steps, reset_num_timesteps=False)
    return found


def measure(environment: str, n_envs: int, steps: int, rounds: int, *, others: bool) -> list[dict[str, Any]]:
    """Microseconds per environment step of each contestant, and its ratio."""
    stock = DummyVecEnv([lambda: Monitor(gym.make(environment))] * n_envs)
    own = make_vec_env(EnvironmentRef(id=environment, n_envs=n_envs))
    contestants: dict[str, Callable[[], object]] = {
        "sb3": lambda: made(PPO, stock).learn(steps),
        "ours": lambda: made(FusedPPO, own).learn(steps),
        **(other_contestants(environment, stock, steps) if others else {}),
    }
    if environment == ARM:
        contestants["physics"] = physics = BarePhysics(steps)
    times = alternate(contestants, rounds)
    stock.close()
    own.close()
    if environment == ARM:
        times.seconds["physics"] = physics.seconds[-rounds:]
    start = {"environment": environment.rpartition(":")[2], "n_envs": n_envs}
    return [
        {
            **start,
            "contestant": name,
            "us": spread(seconds).median / steps * 1e6,
            **_ratio(times.ratios("ours", name) if name == "physics" else times.ratios(name, "ours")),
        }
        for name, seconds in times.seconds.items()
    ]


def _ratio(ratios: Sequence[float]) -> dict[str, float]:
    logs = np.log(ratios)
    half = float(stats.t.ppf(0.975, len(logs) - 1) * logs.std(ddof=1) / np.sqrt(len(logs)))
    found = spread(ratios)
    return {
        "ratio": found.median,
        "min": found.min,
        "max": found.max,
        "low": float(np.exp(logs.mean() - half)),
        "high": float(np.exp(logs.mean() + half)),
    }


def main() -> None:
    """Measures every number of environments."""
    arguments = parser(__doc__, rounds=7)
    arguments.add_argument("--env", default=ARM, metavar="ID", help="another environment; without physics")
    arguments.add_argument("--others", action="store_true", help="CleanRL's manner and SBX as well")
    options = arguments.parse_args()
    torch.set_num_threads(1)
    steps, rounds = (ROLLOUT, 2) if options.quick else (2 * ROLLOUT, options.rounds)
    results = [row for n_envs in COUNTS for row in measure(options.env, n_envs, steps, rounds, others=options.others)]
    print(table(results))
    if options.json:
        write_json(options.json, results)


if __name__ == "__main__":
    main()
