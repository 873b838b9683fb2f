"""The same episodes again, unchanged and with an action changed: tests of determinism and of the actions' effect."""

import copy
import math
from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from tuner.checking.check_report import Budget
from tuner.checking.policies import entries, flat, others
from tuner.record_type import Record
from tuner.training.stepping import advance, begin

SAME_EPISODES = 3
SAME_STEPS = 50
EFFECT_EPISODES = 3
EFFECT_STEPS = 10  # steps for which a changed entry is held: more than any control delay
LEAD = 3  # random steps before that
ROUNDING = 1e-8  # the largest difference that is taken for rounding
MOST_ENTRIES = 64  # entries of an action that are tested


class Probes(Record):
    """Results of the tests."""

    difference: float  # largest between two runs of an episode; infinite if their lengths differ
    episodes: int  # number compared
    idle: tuple[int, ...] | None  # action entries without effect; None if unknown
    entries: int  # number of action entries tested


def probe(env: gym.Env[Any, Any], goals: Sequence[int], budget: Budget) -> Probes:
    """Compares episodes from the same seeds, repeated and with changed actions."""
    compared = goals[:SAME_EPISODES]
    first = [_trace(env, goal, _draw(env, goal, SAME_STEPS), budget) for goal in compared]
    second = [_trace(env, goal, _draw(env, goal, SAME_STEPS), budget) for goal in compared]
    difference = max((_difference(one, other) for one, other in zip(first, second, strict=True)), default=0.0)
    if not budget.spent() and [len(trace) for trace in first] != [len(trace) for trace in second]:
        difference = math.inf
    count = min(entries(env.action_space), MOST_ENTRIES)
    idle = _idle(env, goals[:EFFECT_EPISODES], count, budget) if difference <= ROUNDING else None
    return Probes(difference=difference, episodes=len(compared), idle=idle, entries=count)


def _draw(env: gym.Env[Any, Any], seed: int, steps: int) -> list[Any]:
    """Random actions, determined by the seed."""
    space = copy.deepcopy(env.action_space)
    space.seed(seed)
    return [space.sample() for _ in range(steps)]


def _trace(
    env: gym.Env[Any, Any], goal: int, actions: Sequence[Any], budget: Budget, *, rewards: bool = True
) -> NDArray[np.float64]:
    """Observations with the reward as last column, (steps + 1, numbers), until the episode or the time ends."""
    observation, _ = begin(env, goal)
    rows = [np.append(flat(env.observation_space, observation), 0.0)]
    for action in actions:
        if budget.spent():
            break
        observation, reward, terminated, truncated, _ = advance(env, action)
        rows.append(np.append(flat(env.observation_space, observation), reward if rewards else 0.0))
        if terminated or truncated:
            break
    return np.array(rows)


def _difference(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """The largest absolute difference over the steps that both have."""
    common = min(len(one), len(other))
    both_not_finite = ~np.isfinite(one[:common]) & ~np.isfinite(other[:common])
    apart = np.where(both_not_finite, 0.0, one[:common] - other[:common])
    return float(np.max(np.nan_to_num(np.abs(apart), nan=np.inf), initial=0.0))


def _idle(env: gym.Env[Any, Any], goals: Sequence[int], count: int, budget: Budget) -> tuple[int, ...] | None:
    """The entries that change no observation in any of the episodes.

    Rewards are left out: a penalty on large actions is no effect on the environment.
    """
    waiting = set(range(count))
    for goal in goals:
        actions = _draw(env, goal, LEAD + EFFECT_STEPS)
        base = _trace(env, goal, actions, budget, rewards=False)
        for entry in sorted(waiting):
            if budget.spent():
                return None
            if any(_differs(base, env, goal, changed, budget) for changed in _changed(env, actions, entry)):
                waiting.discard(entry)
    return None if budget.spent() else tuple(sorted(waiting))


def _changed(env: gym.Env[Any, Any], actions: list[Any], entry: int) -> list[list[Any]]:
    """The action sequences with one entry held at each of its other values after the first `LEAD` steps."""
    held = others(env.action_space, actions[LEAD], entry)
    choices = range(len(held))
    return [
        [*actions[:LEAD], *(_pick(others(env.action_space, action, entry), choice) for action in actions[LEAD:])]
        for choice in choices
    ]


def _pick(values: list[Any], choice: int) -> Any:
    return values[min(choice, len(values) - 1)]


def _differs(base: NDArray[np.float64], env: gym.Env[Any, Any], goal: int, actions: list[Any], budget: Budget) -> bool:
    other = _trace(env, goal, actions, budget, rewards=False)
    return len(other) != len(base) or _difference(base, other) > ROUNDING
