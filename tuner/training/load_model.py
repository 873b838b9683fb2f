"""Loads trained models from Stable-Baselines3's files."""

import io
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium as gym
import torch
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.preprocessing import is_image_space, is_image_space_channels_first
from stable_baselines3.common.running_mean_std import RunningMeanStd
from stable_baselines3.common.vec_env import VecEnv, VecNormalize, VecTransposeImage

from tuner.errors import ModelUnusable
from tuner.records import EnvironmentRef
from tuner.training.acting import FollowsEpisodes, Predict, actor_of, behind
from tuner.training.environments import make_vec_env
from tuner.training.make_model import model_class
from tuner.training.model_files import BEST, BEST_STATISTICS, algorithm_of, needs_statistics
from tuner.training.streams import undisturbed

# Only needed for training and not unpickled, since schedules contain code of the Python version that saved them.
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
    content: bytes,
    label: str,
    env: gym.Env[Any, Any] | VecEnv,
    statistics: bytes | None = None,
    *,
    draw: int | None = None,
) -> "LoadedActor":
    """A function from an observation of `env` to the model's action. Unpickles: only for trusted files.

    Args:
        content: A model's zip, as Stable-Baselines3 writes it.
        label: The model's name in errors.
        env: The environment to act in; for a vector environment the function takes observations (n, …).
        statistics: A file of VecNormalize.save, if the model was trained on scaled observations.
        draw: The seed of drawn actions; None for the policy's best ones.

    Raises:
        ModelUnusable: if it cannot be loaded, or has other observation or action spaces.
    """
    algorithm = algorithm_of(content, label)
    if statistics is None and needs_statistics(content, label):
        raise ModelUnusable(
            f"{label}: was trained on observations scaled by VecNormalize, but the statistics are missing; put its "
            "vecnormalize.pkl beside it, or name the file with --stats"
        )
    torch.set_num_threads(1)
    try:
        model = model_class(algorithm).load(io.BytesIO(content), device="cpu", custom_objects=NOT_NEEDED)
    except Exception as error:
        why = " ".join(f"{type(error).__name__}: {error}".split())
        raise ModelUnusable(f"{label}: cannot be loaded ({why}); save it again with the versions here") from error
    _refuse_other("observations", label, model.observation_space, env.observation_space)
    _refuse_other("actions", label, model.action_space, env.action_space)

    predict = actor_of(model, algorithm, draw=draw)
    if isinstance(predict, FollowsEpisodes):
        predict.attach(env)
    if statistics is not None:
        predict = behind(predict, load_scaling(statistics, f"statistics of {label}", env.observation_space))
    return LoadedActor(predict, label)


class LoadedActor(FollowsEpisodes):
    """A loaded model's way of acting; what it raises is blamed on the model."""

    def __init__(self, predict: Predict, label: str) -> None:
        self._predict = predict
        self._label = label

    def begin(self, index: int = 0) -> None:
        """Passes it on to a model that must know."""
        if isinstance(self._predict, FollowsEpisodes):
            self._predict.begin(index)

    def attach(self, env: VecEnv | gym.Env[Any, Any]) -> None:
        """Passes it on to a model that must know."""
        if isinstance(self._predict, FollowsEpisodes):
            self._predict.attach(env)

    def __call__(self, observation: Any) -> Any:
        """The action for an observation, or the actions for several."""
        try:
            action = self._predict(observation)
        except Exception as error:
            raise ModelUnusable(f"{self._label}: raised {type(error).__name__}: {error}") from error
        return action[()]  # turns a 0-d array into a number


def load_trained(folder: Path, algorithm: str, ref: EnvironmentRef) -> BaseAlgorithm:
    """The best checkpoint of a final training, with its VecNormalize environment if it was trained with one."""
    statistics, env = folder / BEST_STATISTICS, None
    with undisturbed():
        if statistics.is_file():
            env = VecNormalize.load(str(statistics), make_vec_env(replace(ref, n_envs=1, vec_env="dummy")))
            env.training = env.norm_reward = False
        kind = model_class(algorithm)
        try:
            return kind.load(folder / BEST, env=env, device="cpu")
        except AssertionError:  # a replay buffer with hindsight asks the environment for rewards
            return kind.load(folder / BEST, env=make_vec_env(replace(ref, n_envs=1, vec_env="dummy")), device="cpu")


def _refuse_other(what: str, label: str, model: gym.Space[Any], env: gym.Space[Any]) -> None:
    if _described(model) != _described(env):
        raise ModelUnusable(
            f"{label}: was trained for {what} of {_described(model)}, the environment has {_described(env)} "
            "(name the model's own with --env)"
        )


def _described(space: gym.Space[Any]) -> str:
    """A space by its shapes; of a picture as SB3 transposes it, its channels first."""
    if isinstance(space, gym.spaces.Dict):
        return ", ".join(f"{name}: {_described(part)}" for name, part in space.spaces.items())
    if is_image_space(space) and not is_image_space_channels_first(space):  # type: ignore[arg-type]
        space = VecTransposeImage.transpose_space(space)  # type: ignore[arg-type]
    return f"Box{space.shape}" if isinstance(space, gym.spaces.Box) else str(space)


def _shapes(of: Any) -> Any:
    """The shape of a space or of statistics, or the shapes by key."""
    if isinstance(of, gym.spaces.Dict | dict):
        return {name: _shapes(part) for name, part in of.items()}
    return of.mean.shape if isinstance(of, RunningMeanStd) else getattr(of, "shape", None)


def load_scaling(content: bytes, label: str, space: gym.Space[Any]) -> Callable[[Any], Any]:
    """A function that scales raw observations as in the model's training. Unpickles: only for trusted files.

    Args:
        content: A file that SB3's `VecNormalize.save` wrote.
        label: The file's name in errors.
        space: The environment's observation space.

    Raises:
        ModelUnusable: if it holds no VecNormalize statistics, or those of another observation space.
    """
    try:
        loaded = pickle.loads(content)  # noqa: S301 - as with models, for files that were named
    except Exception as error:
        why = " ".join(f"{type(error).__name__}: {error}".split())
        raise ModelUnusable(f"{label}: cannot be loaded ({why}); it must be a file of VecNormalize.save") from error
    if not isinstance(loaded, VecNormalize):
        raise ModelUnusable(f"{label}: holds a {type(loaded).__name__}; it must be a file of VecNormalize.save")
    shape, own = _shapes(vars(loaded).get("obs_rms")), _shapes(space)
    if loaded.norm_obs and shape != own:
        raise ModelUnusable(f"{label}: is for observations of shape {shape}, the environment has {own}")
    scale: Callable[[Any], Any] = loaded.normalize_obs
    return scale
