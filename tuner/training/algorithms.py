"""From a job to a model: the one place that chooses who trains."""

import torch
from stable_baselines3 import PPO
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.vec_env import VecEnv

from tuner.errors import EnvironmentUnusable, UsageProblem
from tuner.records import TrialJob

ALGORITHMS: dict[str, type[BaseAlgorithm]] = {"ppo": PPO}


def make_model(job: TrialJob, env: VecEnv) -> BaseAlgorithm:
    """An untrained model with the job's arguments and seed.

    Raises:
        UsageProblem: where the device is not there.
        EnvironmentUnusable: where the algorithm cannot learn in the environment.
    """
    if job.device == "cuda" and not torch.cuda.is_available():
        raise UsageProblem("device: 'cuda' is not available on this machine; set `device: cpu` in the study file")
    algorithm = ALGORITHMS[job.algorithm]
    try:
        return algorithm(job.policy, env, seed=job.seed, device=job.device, verbose=0, **job.params)
    except (AssertionError, NotImplementedError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise EnvironmentUnusable(f"{job.algorithm} cannot learn in {job.environment.id!r}: {reason}") from error


def arguments_seen(model: BaseAlgorithm, names: list[str]) -> dict[str, float | int | bool | None]:
    """The arguments as the model really holds them, schedules at their start."""
    values = {name: getattr(model, name) for name in names}
    return {name: value(1.0) if callable(value) else value for name, value in values.items()}
