"""Training on the arm: Stable-Baselines3 with its default vector environment, tuner, and the bare physics.

`sb3` is PPO with a DummyVecEnv of monitored single environments; `ours` is fused PPO with the vector environment that
trials use. Both train the same number of environment steps with the PPO guide's defaults: batch 64, ten epochs,
rollouts of 2048 samples in total. `physics` is the same number of control steps as bare `stepSimulation` calls at
120 Hz and 10 solver iterations (six per control step) on a moving arm, a fixed reference that does not depend on the
environment's physics. The three alternate; evaluation is left out.

`ratio_to_sb3` is SB3's time over ours, `ratio_to_physics` our time over the physics', medians over the rounds.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy is imported

import time
from collections.abc import Callable
from importlib.resources import files

import gymnasium as gym
import numpy as np
import pybullet
import torch
from numpy.typing import NDArray
from pairs import alternate, parser, spread, table, write_json
from stable_baselines3 import PPO
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv

from roarm_envs import figures
from tuner.records import EnvironmentRef
from tuner.training.environments import make_vec_env
from tuner.training.fused_ppo import FusedPPO

ENVIRONMENT = "roarm_envs:RoArmReach-v0"
COUNTS = (1, 4, 8)
ROLLOUT = 2048  # samples per update, over all environments
HZ, ITERATIONS = 120, 10  # of the bare physics
HOLD = 5  # control steps for which the bare physics keeps a target


def train(kind: type[PPO], env: VecEnv, steps: int) -> None:
    """Trains a new model."""
    n_steps = ROLLOUT // env.num_envs
    kind("MlpPolicy", env, n_steps=n_steps, batch_size=64, n_epochs=10, seed=0, device="cpu").learn(steps)


class BarePhysics:
    """The engine alone, with its default solver, on an arm that gets a new target every five control steps."""

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._client: int = pybullet.connect(pybullet.DIRECT)
        pybullet.setGravity(0, 0, -9.81, physicsClientId=self._client)
        pybullet.setPhysicsEngineParameter(
            fixedTimeStep=1 / HZ, numSolverIterations=ITERATIONS, physicsClientId=self._client
        )
        table = pybullet.createCollisionShape(
            pybullet.GEOM_BOX, halfExtents=(0.8, 0.8, 0.02), physicsClientId=self._client
        )
        pybullet.createMultiBody(0, table, basePosition=(0, 0, -0.02), physicsClientId=self._client)
        self._arm: int = pybullet.loadURDF(
            str(files("roarm_envs") / "assets" / "roarm_m3.urdf"),
            basePosition=(0, 0, figures.BASE_HEIGHT),
            useFixedBase=True,
            flags=pybullet.URDF_USE_INERTIA_FROM_FILE
            | pybullet.URDF_USE_SELF_COLLISION
            | pybullet.URDF_USE_SELF_COLLISION_EXCLUDE_PARENT,
            physicsClientId=self._client,
        )
        self.seconds: list[float] = []

    def __call__(self) -> None:
        """Runs the steps; only the calls that step the simulation are timed."""
        rng, total, step_simulation = np.random.default_rng(0), 0.0, pybullet.stepSimulation
        home = np.array([*figures.HOME, figures.GRIPPER_HOME])
        for step in range(self._steps):
            if step % HOLD == 0:
                self._aim(home + 0.2 * rng.uniform(-1.0, 1.0, len(home)))
            begun = time.perf_counter()
            for _ in range(HZ // figures.CONTROL_HZ):
                step_simulation(self._client)
            total += time.perf_counter() - begun
        self.seconds.append(total)

    def _aim(self, targets: NDArray[np.float64]) -> None:
        pybullet.setJointMotorControlArray(
            self._arm,
            range(len(targets)),
            pybullet.POSITION_CONTROL,
            targetPositions=targets.tolist(),
            forces=[figures.SERVO_TORQUE] * len(targets),
            physicsClientId=self._client,
        )


def measure(n_envs: int, steps: int, rounds: int) -> dict[str, float | int]:
    """Microseconds per environment step of the three, and the ratios."""
    stock = DummyVecEnv([lambda: Monitor(gym.make(ENVIRONMENT))] * n_envs)
    own = make_vec_env(EnvironmentRef(id=ENVIRONMENT, n_envs=n_envs))
    physics = BarePhysics(steps)
    contestants: dict[str, Callable[[], object]] = {
        "sb3": lambda: train(PPO, stock, steps),
        "ours": lambda: train(FusedPPO, own, steps),
        "physics": physics,
    }
    times = alternate(contestants, rounds)
    stock.close()
    own.close()
    times.seconds["physics"] = physics.seconds[-rounds:]
    to_sb3, to_physics = times.ratio("sb3", "ours"), times.ratio("ours", "physics")
    return {
        "n_envs": n_envs,
        **{f"{name}_us": spread(seconds).median / steps * 1e6 for name, seconds in times.seconds.items()},
        "ratio_to_sb3": to_sb3.median,
        "ratio_to_sb3_min": to_sb3.min,
        "ratio_to_sb3_max": to_sb3.max,
        "ratio_to_physics": to_physics.median,
        "ratio_to_physics_min": to_physics.min,
        "ratio_to_physics_max": to_physics.max,
    }


def main() -> None:
    """Measures every number of environments."""
    options = parser(__doc__, rounds=7).parse_args()
    torch.set_num_threads(1)
    steps, rounds = (ROLLOUT, 2) if options.quick else (2 * ROLLOUT, options.rounds)
    results = [measure(n_envs, steps, rounds) for n_envs in COUNTS]
    print(table(results))
    if options.json:
        write_json(options.json, results)


if __name__ == "__main__":
    main()
