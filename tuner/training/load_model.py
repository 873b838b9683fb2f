"""Trained models from the files in which Stable-Baselines3 keeps them."""

import io
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium as gym
import torch
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.running_mean_std import RunningMeanStd
from stable_baselines3.common.vec_env import VecEnv, VecNormalize

from tuner.errors import ModelUnusable
from tuner.records import EnvironmentRef
from tuner.training.environments import make_vec_env
from tuner.training.make_model import model_class
from tuner.training.model_files import BEST, BEST_STATISTICS, algorithm_of, needs_statistics
from tuner.training.streams import undisturbed

# What only training needs, kept from being unpickled: schedules carry the code of the Python that saved them.
NOT_NEEDED: dict[str, Any] = {
    "learning_rate": 0.0,
    "lr_schedule": None,
    "clip_range": 0.2,
    "clip_range_vf": None,
    "exploration_schedule": None,
    "buffer_size": 1,
    "replay_buffer_class": None,
    "replay_buffer_kwargs": {},
    "ep_info_buffer": None,
    "ep_success_buffer": None,
}


def load_actor(
    content: bytes, label: str, env: gym.Env[Any, Any] | VecEnv, statistics: bytes | None = None
) -> Callable[[Any], Any]:
    """A function from an observation of `env` to the model's best action. Unpickles: for trusted files alone.

    Args:
        content: A zip of Stable-Baselines3's.
        label: What errors call it.
        env: Where it is to act; in a vector environment it takes observations (n, …).
        statistics: What VecNormalize.save wrote, where the model was trained on scaled observations.

    Raises:
        ModelUnusable: if it cannot be loaded, or is a model for other observations or actions.
    """
    algorithm = model_class(algorithm_of(content, label))
    if statistics is None and needs_statistics(content, label):
        raise ModelUnusable(
            f"{label}: was trained on observations scaled by VecNormalize, and its statistics are not there; put its "
            "vecnormalize.pkl beside it, or name the file with --stats"
        )
    torch.set_num_threads(1)
    try:
        model = algorithm.load(io.BytesIO(content), device="cpu", custom_objects=NOT_NEEDED)
    except Exception as error:
        why = " ".join(f"{type(error).__name__}: {error}".split())
        raise ModelUnusable(f"{label}: cannot be loaded ({why}); save it again with the versions here") from error
    _refuse_other("observations", label, model.observation_space, env.observation_space)
    _refuse_other("actions", label, model.action_space, env.action_space)

    scale = None if statistics is None else load_scaling(statistics, f"statistics of {label}", env.observation_space)

    def act(observation: Any) -> Any:
        try:
            seen = observation if scale is None else scale(observation)
            action, _ = model.predict(seen, deterministic=True)
        except Exception as error:
            raise ModelUnusable(f"{label}: raised {type(error).__name__}: {error}") from error
        return action[()]  # a number where the space is of numbers

    return act


def load_trained(folder: Path, algorithm: str, ref: EnvironmentRef) -> BaseAlgorithm:
    """The best checkpoint of a training for use; behind the statistics of its observations where it was trained so."""
    statistics, env = folder / BEST_STATISTICS, None
    with undisturbed():
        if statistics.is_file():
            env = VecNormalize.load(str(statistics), make_vec_env(replace(ref, n_envs=1, vec_env="dummy")))
            env.training = env.norm_reward = False
        return model_class(algorithm).load(folder / BEST, env=env, device="cpu")


def _refuse_other(what: str, label: str, model: gym.Space[Any], env: gym.Space[Any]) -> None:
    if _described(model) != _described(env):
        raise ModelUnusable(
            f"{label}: was trained for {what} of {_described(model)}, the environment has {_described(env)} "
            "(name the model's own with --env)"
        )


def _described(space: gym.Space[Any]) -> str:
    return f"Box{space.shape}" if isinstance(space, gym.spaces.Box) else str(space)


def load_scaling(content: bytes, label: str, space: gym.Space[Any]) -> Callable[[Any], Any]:
    """A function from raw observations to those that the model was trained on. Unpickles: for trusted files alone.

    Args:
        content: What SB3's `VecNormalize.save` wrote.
        label: What errors call it.
        space: The environment's observations.

    Raises:
        ModelUnusable: if it holds no such statistics, or those of other observations.
    """
    try:
        loaded = pickle.loads(content)  # noqa: S301 - as with models, for files that were named
    except Exception as error:
        why = " ".join(f"{type(error).__name__}: {error}".split())
        raise ModelUnusable(f"{label}: cannot be loaded ({why}); it must be what VecNormalize.save wrote") from error
    if not isinstance(loaded, VecNormalize):
        raise ModelUnusable(f"{label}: holds a {type(loaded).__name__}; it must be what VecNormalize.save wrote")
    found = getattr(loaded, "obs_rms", None)
    shape = found.mean.shape if isinstance(found, RunningMeanStd) else None
    if loaded.norm_obs and shape != space.shape:
        raise ModelUnusable(f"{label}: was made for observations of shape {shape}, the environment has {space.shape}")
    scale: Callable[[Any], Any] = loaded.normalize_obs
    return scale
