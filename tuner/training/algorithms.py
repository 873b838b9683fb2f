"""From a job to a model: the one place that chooses who trains."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from numpy.typing import NDArray
from stable_baselines3 import PPO
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.vec_env import VecEnv

from tuner.errors import EnvironmentUnusable, UsageProblem
from tuner.records import TrialJob
from tuner.spec.arguments import ACTIVATIONS, POLICY, layers
from tuner.training.fused_ppo import FusedPPO
from tuner.training.schedules import seen, with_schedules

TRAINERS: dict[str, dict[str, type[BaseAlgorithm]]] = {"ppo": {"auto": FusedPPO, "fused": FusedPPO, "sb3": PPO}}


def make_model(job: TrialJob, env: VecEnv) -> BaseAlgorithm:
    """An untrained model with the job's arguments and seed.

    Raises:
        UsageProblem: where the device is not there, or the trainer asked for does not cover the case.
        EnvironmentUnusable: where the algorithm cannot learn in the environment.
    """
    if job.device == "cuda" and not torch.cuda.is_available():
        raise UsageProblem("device: 'cuda' is not available on this machine; set `device: cpu` in the study file")
    algorithm = TRAINERS[job.algorithm][job.trainer]
    try:
        arguments = sb3_arguments(job.params)
        model = algorithm(job.policy, env, seed=job.seed, device=job.device, verbose=0, **arguments)
    except (AssertionError, NotImplementedError, ValueError) as error:
        why = " ".join(str(error).split())
        raise EnvironmentUnusable(f"{job.algorithm} cannot learn in {job.environment.id!r}: {why}") from error
    if job.trainer == "fused" and (reason := trained_by_sb3(model)) is not None:
        raise UsageProblem(f"trainer: 'fused' does not cover this: {reason} (use `trainer: auto`)")
    return model


def trained_by_sb3(model: BaseAlgorithm) -> str | None:
    """Why SB3's own code trains the model, None where it does not."""
    return model.stepped_aside if isinstance(model, FusedPPO) else "SB3 was asked for"


def deterministic_actor(model: BaseAlgorithm) -> Callable[[NDArray[Any]], NDArray[Any]]:
    """A function from observations (n, …) to the model's best actions (n, …)."""
    if isinstance(model, FusedPPO):
        return model.actor()
    return lambda observations: model.predict(observations, deterministic=True)[0]


def sb3_arguments(params: Mapping[str, Any]) -> dict[str, Any]:
    """The algorithm's keyword arguments: those of the policy go into `policy_kwargs`, by SB3's own types."""
    flat = {name: value for name, value in with_schedules(params).items() if name not in POLICY}
    policy = {name: value for name, value in params.items() if name in POLICY}
    if "net_arch" in policy:
        policy["net_arch"] = layers(policy["net_arch"])
    if "activation_fn" in policy:
        policy["activation_fn"] = getattr(torch.nn, ACTIVATIONS[policy["activation_fn"]])
    return {**flat, "policy_kwargs": policy} if policy else flat


def arguments_seen(model: BaseAlgorithm, names: list[str]) -> dict[str, Any]:
    """The arguments as the model really holds them, schedules in their notation."""
    values = {name: getattr(model.policy if name in POLICY else model, name) for name in names}
    if "activation_fn" in values:
        words = {kind: word for word, kind in ACTIVATIONS.items()}
        values["activation_fn"] = words[values["activation_fn"].__name__]
    return {name: seen(value) for name, value in values.items()}
