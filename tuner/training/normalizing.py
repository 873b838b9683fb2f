"""Observations and rewards scaled by running statistics: SB3's VecNormalize, as arguments of a trial."""

import pickle
from collections.abc import Callable, Mapping
from typing import Any

import gymnasium as gym
from numpy.typing import NDArray
from stable_baselines3.common.running_mean_std import RunningMeanStd
from stable_baselines3.common.vec_env import VecEnv, VecNormalize

from tuner.config.arguments import NORMALIZE, is_normalized
from tuner.errors import EnvironmentUnusable, ModelUnusable

Predict = Callable[[NDArray[Any]], NDArray[Any]]  # observations (n, …) → actions (n, …)


def normalized(env: VecEnv, params: Mapping[str, Any]) -> VecEnv:
    """The environment behind SB3's VecNormalize, where the arguments ask for one; it has the trial's own gamma.

    Raises:
        EnvironmentUnusable: where its observations are none that can be scaled.
    """
    if not is_normalized(params):
        return env
    given = {name: params[name] for name in (*NORMALIZE, "gamma") if name in params}
    arguments: dict[str, Any] = {"norm_obs": False, "norm_reward": False, **given}
    if arguments["norm_obs"] and not isinstance(env.observation_space, gym.spaces.Box):
        kind = type(env.observation_space).__name__
        raise EnvironmentUnusable(f"norm_obs: a {kind} observation cannot be scaled, only a Box; set norm_obs to false")
    return VecNormalize(env, **arguments)


def scaled(predict: Predict, env: VecEnv) -> Predict:
    """`predict` for the environment's raw observations: they are scaled by its statistics, which stay as they are."""
    if not isinstance(env, VecNormalize) or not env.norm_obs:
        return predict
    scale = env.normalize_obs
    return lambda observations: predict(scale(observations))  # type: ignore[arg-type]


def statistics(env: VecEnv) -> bytes | None:
    """What SB3's `VecNormalize.save` writes, None where nothing is scaled."""
    return pickle.dumps(env) if isinstance(env, VecNormalize) else None


def load_scaling(content: bytes, label: str, space: gym.Space[Any]) -> Callable[[Any], Any]:
    """A function from raw observations to those that the model was trained on. Unpickles: for trusted files alone.

    Args:
        content: What SB3's `VecNormalize.save` wrote.
        label: What errors call it.
        space: The environment's observations.

    Raises:
        ModelUnusable: where it holds no such statistics, or those of other observations.
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
