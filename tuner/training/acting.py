"""How a trained model acts: by its best actions or drawn ones, with its memory, with the environment's masks."""

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import numpy as np
from gymnasium import Env
from numpy.typing import NDArray
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.vec_env import VecEnv, unwrap_vec_normalize

from tuner.config.algorithms import ALGORITHMS
from tuner.records import TrialJob
from tuner.training.fused.fused_model import FusedModel
from tuner.training.stepping import MASKS, masks_of
from tuner.training.streams import OwnStream

Predict = Callable[[Any], Any]  # observations (n, …) → actions (n, …); some must be told of episodes, see below


@runtime_checkable
class FollowsEpisodes(Protocol):
    """A way of acting that must know where it acts, and where episodes begin."""

    def attach(self, env: VecEnv | Env[Any, Any]) -> None:
        """Acts in this environment from now on, from the beginning of an episode."""

    def begin(self, index: int = 0) -> None:
        """An episode begins in an environment."""


class EpisodicPolicy(FollowsEpisodes):
    """A model that has a memory or takes masks: it must know the environment, and where episodes begin."""

    def __init__(self, model: BaseAlgorithm, *, masked: bool, stream: OwnStream | None = None) -> None:
        """Wraps a model; with a stream its actions are drawn from it."""
        self._model = model
        self._masked = masked
        self._stream = stream
        self.scale: Callable[[Any], Any] | None = None  # from raw observations to those of the training
        self._masks: Callable[[], NDArray[np.bool_]] | None = None
        self._memory: Any = None
        self._begins: NDArray[np.bool_] = np.ones(1, dtype=bool)  # of which environments an episode begins

    def attach(self, env: VecEnv | Env[Any, Any]) -> None:
        """Forgets everything, and asks this environment for masks."""
        self._memory = None
        self._begins = np.ones(env.num_envs if isinstance(env, VecEnv) else 1, dtype=bool)
        self._masks = _masks_of(env) if self._masked else None

    def begin(self, index: int = 0) -> None:
        """Its memory of the episode before ends at the next action."""
        self._begins[index] = True

    def __call__(self, observations: Any) -> Any:
        """The actions for observations (n, …), or for one."""
        seen = observations if self.scale is None else self.scale(observations)
        masks = {} if self._masks is None else {MASKS: self._masks()}
        deterministic = self._stream is None
        ask: Callable[[], Any] = lambda: self._model.predict(  # noqa: E731
            seen, self._memory, self._begins, deterministic, **masks
        )
        if self._stream is None:
            actions, self._memory = ask()
        else:
            with self._stream.used():
                actions, self._memory = ask()
        self._begins = np.zeros_like(self._begins)
        return actions


def _masks_of(env: VecEnv | Env[Any, Any]) -> Callable[[], NDArray[np.bool_]] | None:
    return (lambda: np.stack(env.env_method(MASKS))) if isinstance(env, VecEnv) else masks_of(env)


def actor_of(model: BaseAlgorithm, algorithm: str, *, draw: int | None = None) -> Predict:
    """How a model acts.

    Args:
        model: The model.
        algorithm: Its algorithm's name.
        draw: The seed of drawn actions, the same for the same seed; None for the best ones. The streams that training
            draws from are left alone.
    """
    entry = ALGORITHMS[algorithm]
    stream = None if draw is None else OwnStream(draw, model.action_space)
    if entry.masked or "lstm_hidden_size" in entry.arguments:
        return EpisodicPolicy(model, masked=entry.masked, stream=stream)
    if stream is None:
        if isinstance(model, FusedModel):
            return model.best_actor()
        return lambda seen: model.predict(seen, deterministic=True)[0]

    def act(observations: Any) -> Any:
        with stream.used():
            return model.predict(observations, deterministic=False)[0]

    return act


def evaluated_actor(model: BaseAlgorithm, job: TrialJob, seed: int) -> Predict:
    """How the job's evaluations act: by the best actions, or by drawn ones, of a stream that training does not use."""
    return actor_of(model, job.algorithm, draw=seed if job.stochastic else None)


def scaled(predict: Predict, env: VecEnv) -> Predict:
    """`predict` for raw observations: scales them by the environment's VecNormalize, without updating it."""
    found = unwrap_vec_normalize(env)
    if found is None or not found.norm_obs:
        return predict
    scale: Callable[[Any], Any] = found.normalize_obs
    return behind(predict, scale)


def behind(predict: Predict, scale: Callable[[Any], Any]) -> Predict:
    """`predict` for observations that `scale` turns into those of the training."""
    if isinstance(predict, EpisodicPolicy):
        predict.scale = scale
        return predict
    return lambda observations: predict(scale(observations))
