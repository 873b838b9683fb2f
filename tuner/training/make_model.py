"""Makes the model for a job; the one place that chooses between Stable-Baselines3's classes and the fused ones."""

import importlib
import io
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from stable_baselines3 import HerReplayBuffer
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.noise import ActionNoise, NormalActionNoise, OrnsteinUhlenbeckActionNoise
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from stable_baselines3.common.utils import ConstantSchedule, FloatSchedule, LinearSchedule
from stable_baselines3.common.vec_env import VecEnv
from stable_baselines3.her.goal_selection_strategy import GoalSelectionStrategy

from tuner.config.algorithms import ALGORITHMS, title
from tuner.config.arguments import ACTIVATIONS, HER, HINDSIGHT, NOISE, NORMALIZE, POLICY, STANDARD, layers
from tuner.config.schedules import Linear, parse
from tuner.errors import EnvironmentUnusable, UsageProblem
from tuner.records import TrialJob
from tuner.training.fused.fused_model import FusedModel
from tuner.training.making import refuse_unfit
from tuner.training.model_files import SCALED
from tuner.training.needs import (
    imported_options,
    policy_of,
    refuse_missing,
    refuse_without_goals,
    refuse_without_masks,
)

CALLED = ("learning_rate", "clip_range", "clip_range_vf")  # for which SB3 accepts a function of the remaining progress
NOT_FLAT = {*POLICY, *NOISE, *NORMALIZE, *HER}  # not keyword arguments of the algorithm's class
REFUSED = (AssertionError, NotImplementedError, ValueError)  # what SB3 raises where an algorithm cannot learn
LARGEST_BUFFER = 1_000_000  # transitions; SB3's default


def make_model(job: TrialJob, env: VecEnv) -> BaseAlgorithm:
    """An untrained model with the job's arguments and seed.

    Raises:
        UsageProblem: if the device is not available, or `trainer: fused` does not support the case.
        EnvironmentUnusable: if the algorithm cannot learn in the environment.
    """
    refuse_missing(job.algorithm)
    if job.device == "cuda" and not torch.cuda.is_available():
        raise UsageProblem("device: 'cuda' is not available on this machine; set `device: cpu` in the study file")
    algorithm = model_class(job.algorithm, job.trainer)
    policy = policy_of(job, env.observation_space)
    refuse_without_goals(job, env)
    refuse_without_masks(job, env)
    extra = imported_options(job.policy_kwargs, job.environment.folder)
    refused = REFUSED + ((RuntimeError, TypeError) if extra else ())  # networks of the user's own raise more
    try:
        arguments = {**sb3_arguments(job.params, extra), **_buffer(job), **_noise(job.params, env)}
        model = algorithm(policy, env, seed=job.seed, device=job.device, verbose=0, **arguments)
    except refused as error:
        refuse_unfit(job.algorithm, env.action_space, job.environment)
        why = " ".join(str(error).split())
        raise EnvironmentUnusable(f"{title(job.algorithm)} cannot learn in {job.environment.id!r}: {why}") from error
    if job.trainer == "fused" and (reason := trained_by_sb3(model)) is not None:
        raise UsageProblem(f"trainer: 'fused' does not cover this: {reason} (use `trainer: auto`)")
    return model


def model_class(algorithm: str, trainer: str = "sb3") -> type[BaseAlgorithm]:
    """The class that trains an algorithm: SB3's for the trainer `sb3`, else the faster one if there is one."""
    entry = ALGORITHMS[algorithm]
    module, _, name = (entry.model if trainer == "sb3" else entry.fused or entry.model).partition(":")
    found: type[BaseAlgorithm] = getattr(importlib.import_module(module), name)
    return found


def trained_by_sb3(model: BaseAlgorithm) -> str | None:
    """Why SB3's own code trains the model, None if it does not."""
    return model.stepped_aside if isinstance(model, FusedModel) else "SB3 was asked for"


def sb3_arguments(params: Mapping[str, Any], extra: Mapping[str, Any] = MappingProxyType({})) -> dict[str, Any]:
    """Keyword arguments for SB3's class: policy arguments go into `policy_kwargs`, converted to SB3's types.

    Args:
        params: The algorithm's arguments.
        extra: Further arguments of the policy, as SB3 takes them.
    """
    flat = {name: value for name, value in with_schedules(params).items() if name not in NOT_FLAT}
    policy = {**extra, **{name: value for name, value in params.items() if name in POLICY}}
    if "net_arch" in policy:
        policy["net_arch"] = layers(policy["net_arch"])
    if "activation_fn" in policy:
        policy["activation_fn"] = getattr(torch.nn, ACTIVATIONS[policy["activation_fn"]])
    if params.get("replay_buffer") == HINDSIGHT:
        flat["replay_buffer_class"] = HerReplayBuffer
        flat["replay_buffer_kwargs"] = {
            name: params[name] for name in HER if name in params and name != "replay_buffer"
        }
    return {**flat, "policy_kwargs": policy} if policy else flat


def _buffer(job: TrialJob) -> dict[str, int]:
    """The replay buffer's size, at most the trial's timesteps: a larger one would only cost memory."""
    if not ALGORITHMS[job.algorithm].off_policy:
        return {}
    return {"buffer_size": min(job.params.get("buffer_size", LARGEST_BUFFER), job.timesteps)}


def _noise(params: Mapping[str, Any], env: VecEnv) -> dict[str, ActionNoise]:
    """SB3's action-noise object, on actions in [-1, 1], with the same standard deviation for every entry."""
    if "noise_type" not in params:
        return {}
    kind = NormalActionNoise if params["noise_type"] == "normal" else OrnsteinUhlenbeckActionNoise
    shape: Any = env.action_space.shape
    return {"action_noise": kind(np.zeros(shape), np.full(shape, float(params["noise_std"])))}


def replay_bytes(model: BaseAlgorithm) -> float | None:
    """Bytes per transition in the model's replay buffer, None if it has no buffer."""
    if not isinstance(model, OffPolicyAlgorithm) or model.replay_buffer is None:
        return None
    parts = [part.values() if isinstance(part, dict) else [part] for part in vars(model.replay_buffer).values()]
    arrays = [value for part in parts for value in part if isinstance(value, np.ndarray)]
    per_row = sum(array.nbytes for array in arrays) / model.replay_buffer.buffer_size
    return per_row / model.replay_buffer.n_envs


def arguments_seen(model: BaseAlgorithm, names: list[str]) -> dict[str, Any]:
    """The arguments as read back from the model, schedules in their notation."""
    return {name: seen(_seen(model, name)) for name in names}


def _seen(model: BaseAlgorithm, name: str) -> Any:
    if name == "activation_fn":
        used: Any = model.policy.activation_fn
        return next(word for word, layer in ACTIVATIONS.items() if layer == used.__name__)
    if name in NOISE:
        noise: Any = model.action_noise
        noise = getattr(noise, "base_noise", noise)  # SB3 wraps it for several environments
        kind = "normal" if isinstance(noise, NormalActionNoise) else "ornstein-uhlenbeck"
        return kind if name == "noise_type" else float(noise._sigma.flat[0])
    if name in NORMALIZE:
        env = model.get_vec_normalize_env()
        return False if env is None else getattr(env, name)
    if name == "train_freq":
        return model.train_freq.frequency  # type: ignore[attr-defined]
    if name in HER:
        return _of_buffer(model, name)
    if name == "use_rms_prop":
        return isinstance(model.policy.optimizer, torch.optim.RMSprop)
    if name == "rms_prop_eps":
        return model.policy.optimizer.defaults["eps"]
    if name in POLICY and not hasattr(model.policy, name):  # of parts of the policy
        return model.policy_kwargs[name]
    return getattr(model.policy if name in POLICY else model, name)


def _of_buffer(model: BaseAlgorithm, name: str) -> Any:
    buffer = model.replay_buffer if isinstance(model, OffPolicyAlgorithm) else None
    if name == "replay_buffer":
        return HINDSIGHT if isinstance(buffer, HerReplayBuffer) else STANDARD
    value = getattr(buffer, name, None)
    return value.name.lower() if isinstance(value, GoalSelectionStrategy) else value


def with_schedules(params: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments for SB3: a schedule as SB3's object, or as its first value if SB3 accepts only a number."""
    return {name: _for_sb3(name, value) if isinstance(value, str) else value for name, value in params.items()}


def _for_sb3(name: str, text: str) -> Any:
    if (line := parse(text)) is None:
        return text
    return LinearSchedule(line.start, line.end, end_fraction=1.0) if name in CALLED else line.start


def seen(value: Any) -> Any:
    """A model's argument as plain data: a schedule in its notation, a constant schedule as its value."""
    if isinstance(value, FloatSchedule):
        return seen(value.value_schedule)
    if isinstance(value, ConstantSchedule):
        return value.val
    if isinstance(value, LinearSchedule) and value.end_fraction == 1.0:
        return str(Linear(start=value.start, end=value.end))
    return value(1.0) if callable(value) else value


class CoefficientCallback(BaseCallback):
    """Applies schedules to arguments that SB3 keeps as numbers, such as `ent_coef`.

    Each is set at the end of a rollout, at the same progress that SB3 uses for the learning rate: all schedules of an
    update are at the same point, and the last update is at their final values.
    """

    at_steps = False

    def __init__(self, params: Mapping[str, Any]) -> None:
        super().__init__()
        texts = {name: value for name, value in params.items() if isinstance(value, str) and name not in CALLED}
        self.lines = {name: line for name, text in texts.items() if (line := parse(text)) is not None}
        self._schedules = {name: LinearSchedule(line.start, line.end, 1.0) for name, line in self.lines.items()}

    def __bool__(self) -> bool:
        """Whether there is any schedule to apply; a callback without one would only cost time."""
        return bool(self.lines)

    def seen(self) -> dict[str, str]:
        """The schedules applied here, in their notation."""
        return {name: str(line) for name, line in self.lines.items()}

    def _on_step(self) -> bool:
        return True

    def _on_rollout_end(self) -> None:
        remaining = 1.0 - self.model.num_timesteps / self.model._total_timesteps
        for name, schedule in self._schedules.items():
            value = float(schedule(remaining))
            setattr(self.model, name, value)
            self.logger.record(f"train/{name}", value)


def policy_bytes(model: BaseAlgorithm) -> int:
    """The size of a policy's parameters in memory."""
    return sum(tensor.nbytes for tensor in model.policy.state_dict().values())


def saved(model: BaseAlgorithm) -> bytes:
    """The model's zip as SB3 saves it; it also records whether the model needs VecNormalize statistics."""
    buffer = io.BytesIO()
    if (env := model.get_vec_normalize_env()) is not None:
        setattr(model, SCALED, env.norm_obs)
    model.save(buffer)
    return buffer.getvalue()
