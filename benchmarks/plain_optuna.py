"""What a careful person writes without tuner, with Optuna and Stable-Baselines3; run it twice for two processes.

    python benchmarks/plain_optuna.py sqlite:///plain.db

The parameters, ranges, `gamma` and steps of the study `reach`; the rest is each library's default, and the value is the
mean return over twenty episodes at the end, as in the libraries' own examples.
"""

import sys

import gymnasium as gym
import numpy as np
import optuna
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.monitor import Monitor

import roarm_envs  # noqa: F401 - registers the environments

CHECKPOINTS, STEPS = 12, 8192


def objective(trial: optuna.Trial) -> float:
    """Trains and reports at every checkpoint."""
    model = PPO(
        "MlpPolicy",
        gym.make("RoArmReach-v0"),
        learning_rate=trial.suggest_float("learning_rate", 1e-5, 1e-3, log=True),
        n_steps=2 ** trial.suggest_int("n_steps_power", 9, 13),
        batch_size=2 ** trial.suggest_int("batch_size_power", 5, 9),
        clip_range=trial.suggest_float("clip_range", 0.1, 0.3),
        ent_coef=trial.suggest_float("ent_coef", 0.0, 0.01),
        gamma=0.95,
        device="cpu",
    )
    env, value = Monitor(gym.make("RoArmReach-v0")), 0.0
    for checkpoint in range(CHECKPOINTS):
        model.learn(STEPS, reset_num_timesteps=False)
        value = float(np.mean(evaluate_policy(model, env, n_eval_episodes=20)[0]))
        trial.report(value, checkpoint)
        if trial.should_prune():
            raise optuna.TrialPruned
    return value


if __name__ == "__main__":
    torch.set_num_threads(1)
    study = optuna.create_study(storage=sys.argv[1], study_name="plain", direction="maximize", load_if_exists=True)
    study.optimize(objective)
