"""One PPO update, Stable-Baselines3's against fused PPO's, over batch sizes.

Both models have rollouts of the same size, the arm's observations (19,) and actions (5,), and two hidden layers of 64.
Only `train()` is timed, alternating; every round has a new rollout of random observations. The figures are
microseconds per minibatch step and the ratio, medians over the rounds.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy is imported

import warnings
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from numpy.typing import NDArray
from pairs import alternate, parser, table, write_json
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import DummyVecEnv

from tuner.training.fused_ppo import FusedPPO

BATCH_SIZES, QUICK_BATCH_SIZES = (32, 64, 128, 256, 512), (64, 256)
ROLLOUT = 2048  # steps
EPOCHS = 4


class Noise(gym.Env[NDArray[np.float32], NDArray[np.float32]]):
    """Random observations, in the arm's spaces."""

    observation_space = gym.spaces.Box(-1.0, 1.0, (19,), np.float32)
    action_space = gym.spaces.Box(-1.0, 1.0, (5,), np.float32)

    def reset(self, **kwargs: Any) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """An observation."""
        super().reset(**kwargs)
        return self._observe(), {}

    def step(self, action: NDArray[np.float32]) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """An observation, with a reward that can be learnt."""
        return self._observe(), float(action[0]), bool(self.np_random.random() < 0.02), False, {}

    def _observe(self) -> NDArray[np.float32]:
        return self.np_random.uniform(-1.0, 1.0, 19).astype(np.float32)


class Update:
    """A model that is updated repeatedly, each time from a new rollout."""

    def __init__(self, kind: type[PPO], batch_size: int) -> None:
        env = DummyVecEnv([Noise])
        self._model = kind(
            "MlpPolicy", env, n_steps=ROLLOUT, batch_size=batch_size, n_epochs=EPOCHS, seed=0, device="cpu"
        )
        self._model.learn(ROLLOUT)

    def prepare(self) -> None:
        """Fills the rollout buffer again."""
        model = self._model
        _, callback = model._setup_learn(ROLLOUT, None)
        assert model.env is not None  # noqa: S101
        model.collect_rollouts(model.env, callback, model.rollout_buffer, n_rollout_steps=ROLLOUT)

    def __call__(self) -> None:
        """Runs the update."""
        self._model.train()


def measure(batch_size: int, rounds: int) -> dict[str, float | int]:
    """Microseconds per minibatch step of both, and their ratio."""
    sb3, fused = Update(PPO, batch_size), Update(FusedPPO, batch_size)
    taken: dict[str, list[float]] = {"sb3": [], "fused": []}
    for round_number in range(rounds + 1):
        for update in (sb3, fused):
            update.prepare()
        times = alternate({"sb3": sb3, "fused": fused}, 1, warm_up=False)
        for name, seconds in times.seconds.items():
            taken[name] += seconds if round_number else []  # the first round warms up
    steps = EPOCHS * -(-ROLLOUT // batch_size)
    ratios = [theirs / ours for theirs, ours in zip(taken["sb3"], taken["fused"], strict=True)]
    return {
        "batch_size": batch_size,
        "sb3_us": float(np.median(taken["sb3"])) / steps * 1e6,
        "fused_us": float(np.median(taken["fused"])) / steps * 1e6,
        "ratio": float(np.median(ratios)),
        "ratio_min": min(ratios),
        "ratio_max": max(ratios),
    }


def main() -> None:
    """Measures every batch size."""
    options = parser(__doc__, rounds=9).parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    sizes, rounds = (QUICK_BATCH_SIZES, 3) if options.quick else (BATCH_SIZES, options.rounds)
    results = [measure(size, rounds) for size in sizes]
    print(table(results))
    if options.json:
        write_json(options.json, results)


if __name__ == "__main__":
    main()
