"""The same episode twice, and once more with an action changed: what is left to chance, and what does nothing."""

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
EFFECT_STEPS = 10  # for which the changed entry is held: more than any delay of control
LEAD = 3  # random steps before it
FELT = 1e-8  # a smaller change of every observation is none
MOST_ENTRIES = 64  # of an action, that are looked at


class Probes(Record):
    """What the probes found."""

    difference: float  # the largest between two runs of one episode, observations and rewards; infinite where one ended
    episodes: int  # compared
    idle: tuple[int, ...] | None  # action entries without effect; None where that cannot be said
    entries: int  # looked at


def probe(env: gym.Env[Any, Any], goals: Sequence[int], budget: Budget) -> Probes:
    """Compares transitions from the same seeds."""
    compared = goals[:SAME_EPISODES]
    first = [_trace(env, goal, _draw(env, goal, SAME_STEPS), budget) for goal in compared]
    second = [_trace(env, goal, _draw(env, goal, SAME_STEPS), budget) for goal in compared]
    difference = max((_difference(one, other) for one, other in zip(first, second, strict=True)), default=0.0)
    if not budget.spent() and [len(trace) for trace in first] != [len(trace) for trace in second]:
        difference = math.inf
    count = min(entries(env.action_space), MOST_ENTRIES)
    idle = _idle(env, goals[:EFFECT_EPISODES], count, budget) if difference <= FELT else None
    return Probes(difference=difference, episodes=len(compared), idle=idle, entries=count)


def _draw(env: gym.Env[Any, Any], seed: int, steps: int) -> list[Any]:
    """Random actions that follow from the seed."""
    space = copy.deepcopy(env.action_space)
    space.seed(seed)
    return [space.sample() for _ in range(steps)]


def _trace(
    env: gym.Env[Any, Any], goal: int, actions: Sequence[Any], budget: Budget, *, rewards: bool = True
) -> NDArray[np.float64]:
    """Observations, and the rewards beside them, (steps + 1, numbers), until the episode or the time ends."""
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
    """The largest in any number of the steps that both have."""
    common = min(len(one), len(other))
    both_not_finite = ~np.isfinite(one[:common]) & ~np.isfinite(other[:common])
    apart = np.where(both_not_finite, 0.0, one[:common] - other[:common])
    return float(np.max(np.nan_to_num(np.abs(apart), nan=np.inf), initial=0.0))


def _idle(env: gym.Env[Any, Any], goals: Sequence[int], count: int, budget: Budget) -> tuple[int, ...] | None:
    """The entries that change no observation in any of the episodes.

    Rewards are left out: a price on large actions is no effect on the world.
    """
    waiting = set(range(count))
    for goal in goals:
        actions = _draw(env, goal, LEAD + EFFECT_STEPS)
        base = _trace(env, goal, actions, budget, rewards=False)
        for entry in sorted(waiting):
            if budget.spent():
                return None
            if any(_felt(base, env, goal, changed, budget) for changed in _changed(env, actions, entry)):
                waiting.discard(entry)
    return None if budget.spent() else tuple(sorted(waiting))


def _changed(env: gym.Env[Any, Any], actions: list[Any], entry: int) -> list[list[Any]]:
    """The actions with one entry held at each of its other values after the lead."""
    held = others(env.action_space, actions[LEAD], entry)
    choices = range(len(held))
    return [
        [*actions[:LEAD], *(_pick(others(env.action_space, action, entry), choice) for action in actions[LEAD:])]
        for choice in choices
    ]


def _pick(values: list[Any], choice: int) -> Any:
    return values[min(choice, len(values) - 1)]


def _felt(base: NDArray[np.float64], env: gym.Env[Any, Any], goal: int, actions: list[Any], budget: Budget) -> bool:
    other = _trace(env, goal, actions, budget, rewards=False)
    return len(other) != len(base) or _difference(base, other) > FELT
