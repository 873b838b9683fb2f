"""Deterministic evaluation over a fixed list of goals, several environments at once."""

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from tuner import seeds
from tuner.errors import EnvironmentFailed, TrialDiverged
from tuner.records import EnvironmentRef
from tuner.training.environments import make_env

ENVIRONMENTS = 5  # stepped side by side, so that one forward pass serves five

Predict = Callable[[NDArray[Any]], NDArray[Any]]  # observations (n, …) → actions (n, …)


@dataclass(frozen=True, kw_only=True)
class Episode:
    """How one evaluation episode went."""

    total_return: float
    length: int  # control steps
    timed_out: bool
    success: bool | None
    start_distance: float | None
    distance: float | None


@dataclass(frozen=True, kw_only=True)
class Result:
    """What the episodes say together."""

    score: float
    success: float | None
    distance: float | None
    mean_return: float
    mean_length: float
    timeout_share: float
    seconds: float


class Evaluator:
    """Holds the evaluation's own environments for the length of a trial; they are made when first needed."""

    def __init__(self, ref: EnvironmentRef, *, objective: str) -> None:
        self._ref = ref
        self._objective = objective
        self._envs: list[gym.Env[Any, Any]] = []

    def run(self, predict: Predict, goals: int) -> Result:
        """Evaluates over the first `goals` of the fixed goals; the seed of a reset is the goal."""
        begun = time.perf_counter()
        while len(self._envs) < min(ENVIRONMENTS, goals):
            self._envs.append(make_env(self._ref))
        episodes = self._episodes(predict, goals)
        return summarise(episodes, objective=self._objective, seconds=time.perf_counter() - begun)

    def _episodes(self, predict: Predict, goals: int) -> list[Episode]:
        waiting = deque(seeds.tuning_goals(goals))
        running = [_Running(env, waiting.popleft()) for env in self._envs[:goals]]
        done: list[Episode] = []
        while running:
            actions = predict(np.stack([run.observation for run in running]))
            going_on = []
            for run, action in zip(running, actions, strict=True):
                episode = run.step(action)
                if episode is None:
                    going_on.append(run)
                    continue
                done.append(episode)
                if waiting:
                    going_on.append(_Running(run.env, waiting.popleft()))
            running = going_on
        return done

    def close(self) -> None:
        """Closes the environments."""
        for env in self._envs:
            env.close()


class _Running:
    """An episode under way."""

    def __init__(self, env: gym.Env[Any, Any], seed: int) -> None:
        self.env = env
        self.observation, info = env.reset(seed=seed)
        self._start_distance = _number(info, "distance")
        self._return, self._length = 0.0, 0

    def step(self, action: NDArray[Any]) -> Episode | None:
        self.observation, reward, terminated, truncated, info = self.env.step(action)
        self._return += float(reward)
        self._length += 1
        if not (terminated or truncated):
            return None
        return Episode(
            total_return=self._return,
            length=self._length,
            timed_out=truncated and not terminated,
            success=None if (success := _number(info, "is_success")) is None else bool(success),
            start_distance=self._start_distance,
            distance=_number(info, "distance"),
        )


def _number(info: dict[str, Any], key: str) -> float | None:
    if key not in info:
        return None
    try:
        value = float(info[key])
    except (TypeError, ValueError):
        raise EnvironmentFailed(f"info[{key!r}] must be a number, not {info[key]!r}") from None
    if not math.isfinite(value):
        raise TrialDiverged(f"the {key} is {value}")
    return value


def summarise(episodes: list[Episode], *, objective: str, seconds: float = 0.0) -> Result:
    """Means over the episodes, and the score."""
    success = _mean([episode.success for episode in episodes])
    distance = _mean([episode.distance for episode in episodes])
    start = _mean([episode.start_distance for episode in episodes])
    mean_return = float(np.mean([episode.total_return for episode in episodes]))
    return Result(
        score=mean_return if objective == "return" else score(success, distance, start, mean_return),
        success=success,
        distance=distance,
        mean_return=mean_return,
        mean_length=float(np.mean([episode.length for episode in episodes])),
        timeout_share=float(np.mean([episode.timed_out for episode in episodes])),
        seconds=seconds,
    )


def score(success: float | None, distance: float | None, start: float | None, mean_return: float) -> float:
    """The score u = s + 0.1 · (1 - min(d / d0, 1)): the tie-break by distance never outweighs a success in ten.

    Without a distance u = s, without a success signal the mean return.
    """
    if success is None:
        return mean_return
    if distance is None or not start:
        return success
    return success + 0.1 * (1.0 - min(distance / start, 1.0))


def _mean(values: list[Any]) -> float | None:
    if any(value is None for value in values):
        return None
    return float(np.mean(values))
