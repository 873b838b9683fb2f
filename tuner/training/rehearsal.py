"""Makes a study's environment and model once before its first trial, to find what does not fit together."""

import contextlib

from tuner.records import TrialJob
from tuner.training.environments import make_vec_env, normalized
from tuner.training.make_model import make_model
from tuner.training.needs import policy_of


def rehearse(job: TrialJob) -> str:
    """Makes the model of a job, and trains nothing.

    Returns:
        The policy that it has, by Stable-Baselines3's name.

    Raises:
        UsageProblem: if a package, a device or a class is missing.
        EnvironmentUnusable: if algorithm, policy and environment do not fit together.
        EnvironmentFailed: if the environment raises.
    """
    with contextlib.closing(normalized(make_vec_env(job.environment), job.params)) as env:
        make_model(job, env)
        return policy_of(job, env.observation_space)
