"""The same episodes again, unchanged and with an action changed: tests of determinism and of the actions' effect."""

import copy
import math
from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.wrappers import OrderEnforcing, PassiveEnvChecker, TimeLimit
from numpy.typing import NDArray

from tuner.checking.check_report import Budget
from tuner.checking.policies import Random, entries, flat, others, seed_actions
from tuner.record_type import Record
from tuner.training.placed import Folder, Placed
from tuner.training.stepping import advance, begin, masks_of

SAME_EPISODES = 3
SAME_STEPS = 50
EFFECT_EPISODES = 3
EFFECT_STEPS = 10  # steps for which a changed entry is held: more than any control delay
LEAD = 3  # random steps before that, where the episode is long enough
STARTS = 5  # resets without a seed
ROUNDING = 1e-8  # the largest difference that is taken for rounding
MOST_ENTRIES = 64  # entries of an action that are tested


class Probes(Record):
    """Results of the tests."""

    difference: float  # largest between two runs of an episode; infinite if their lengths differ
    episodes: int  # number compared
    idle: tuple[int, ...] | None  # action entries without effect; None if unknown
    rewarded: tuple[int, ...]  # action entries that change the reward and no observation
    entries: int  # number of action entries tested
    masked: bool = False  # whether only some actions are valid at a time, so that none may be changed
    same_start: bool  # whether resets without a seed begin alike, while seeds do not
    seeded: bool = True  # whether a seed begins the same episode both times, however it goes on


def probe(env: gym.Env[Any, Any], goals: Sequence[int], budget: Budget) -> Probes:
    """Compares episodes from the same seeds, repeated and with changed actions."""
    compared = goals[:SAME_EPISODES]
    first = [_trace(env, goal, _draw(env, goal, SAME_STEPS), budget) for goal in compared]
    second = [_trace(env, goal, _draw(env, goal, SAME_STEPS), budget) for goal in compared]
    difference = max((_difference(one, other) for one, other in zip(first, second, strict=True)), default=0.0)
    if not budget.spent() and [len(trace) for trace in first] != [len(trace) for trace in second]:
        difference = math.inf
    count = min(entries(env.action_space), MOST_ENTRIES)
    unknown: tuple[set[int] | None, set[int]] = (None, set())
    masked = masks_of(env) is not None
    changeable = difference <= ROUNDING and not masked
    idle, rewarded = _effects(env, goals[:EFFECT_EPISODES], count, budget) if changeable else unknown
    return Probes(
        difference=difference,
        episodes=len(compared),
        idle=None if idle is None else tuple(sorted(idle)),
        rewarded=tuple(sorted(rewarded)),
        entries=count,
        masked=masked,
        same_start=_same_start(env, goals, budget),
        seeded=all(_difference(one[:1], other[:1]) <= ROUNDING for one, other in zip(first, second, strict=True)),
    )


def _same_start(env: gym.Env[Any, Any], goals: Sequence[int], budget: Budget) -> bool:
    """Whether `reset()` always begins the same episode, while different seeds begin different ones."""
    if budget.spent():
        return False
    bare = _bare(env)
    seeded = [begin(bare, seed)[0] for seed in goals[:STARTS]]
    free = [begin(bare)[0] for _ in range(STARTS)]
    kinds = [len({flat(bare.observation_space, one).tobytes() for one in starts}) for starts in (free, seeded)]
    return kinds[0] == 1 < kinds[1]


def _bare(env: gym.Env[Any, Any]) -> gym.Env[Any, Any]:
    """The environment without our own and Gymnasium's usual wrappers, which hide a default seed of its `reset`."""
    folder = Folder()
    while isinstance(env, OrderEnforcing | PassiveEnvChecker | TimeLimit | Placed):
        folder = env.folder if isinstance(env, Placed) else folder
        env = env.env
    return Placed(env, folder)


def _draw(env: gym.Env[Any, Any], seed: int, steps: int) -> list[Any]:
    """Random actions, determined by the seed; of the valid ones as they are met in the episode of that seed."""
    if (masks := masks_of(env)) is not None:
        return _played(env, Random(env.action_space, masks), seed, steps)
    space = copy.deepcopy(env.action_space)
    seed_actions(space, seed)
    return [space.sample() for _ in range(steps)]


def _played(env: gym.Env[Any, Any], policy: Random, seed: int, steps: int) -> list[Any]:
    """The actions of a policy in an episode."""
    begin(env, seed)
    policy.reset(seed)
    actions: list[Any] = []
    over = False
    while not over and len(actions) < steps:
        actions.append(policy(None))
        _, _, terminated, truncated, _ = advance(env, actions[-1])
        over = terminated or truncated
    return actions


def _trace(env: gym.Env[Any, Any], goal: int, actions: Sequence[Any], budget: Budget) -> NDArray[np.float64]:
    """Observations with the reward as last column, (steps + 1, numbers), until the episode or the time ends."""
    observation, _ = begin(env, goal)
    rows = [np.append(flat(env.observation_space, observation), 0.0)]
    for action in actions:
        if budget.spent():
            break
        observation, reward, terminated, truncated, _ = advance(env, action)
        rows.append(np.append(flat(env.observation_space, observation), reward))
        if terminated or truncated:
            break
    return np.array(rows)


def _difference(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """The largest absolute difference over the steps that both have."""
    common = min(len(one), len(other))
    both_not_finite = ~np.isfinite(one[:common]) & ~np.isfinite(other[:common])
    apart = np.where(both_not_finite, 0.0, one[:common] - other[:common])
    return float(np.max(np.nan_to_num(np.abs(apart), nan=np.inf), initial=0.0))


def _effects(
    env: gym.Env[Any, Any], goals: Sequence[int], count: int, budget: Budget
) -> tuple[set[int] | None, set[int]]:
    """The entries that change nothing in any of the episodes, and those that change the reward alone."""
    waiting, rewarded = set(range(count)), set[int]()
    for goal in goals:
        actions = _draw(env, goal, LEAD + EFFECT_STEPS)
        base = _trace(env, goal, actions, budget)
        lead = LEAD if len(base) - 1 > LEAD else 0  # an episode may be one step long
        for entry in sorted(waiting):
            if budget.spent():
                return None, set()
            others_ran = [_trace(env, goal, changed, budget) for changed in _changed(env, actions, entry, lead)]
            if any(len(base) != len(ran) or _difference(base[:, :-1], ran[:, :-1]) > ROUNDING for ran in others_ran):
                waiting.discard(entry)
            elif any(_difference(base, ran) > ROUNDING for ran in others_ran):
                rewarded.add(entry)
    if budget.spent():
        return None, set()
    return waiting - rewarded, waiting & rewarded


def _changed(env: gym.Env[Any, Any], actions: list[Any], entry: int, lead: int) -> list[list[Any]]:
    """The action sequences with one entry held at each of its other values after the first `lead` steps."""
    choices = range(len(others(env.action_space, actions[lead], entry)))
    return [
        [*actions[:lead], *(_pick(others(env.action_space, action, entry), choice) for action in actions[lead:])]
        for choice in choices
    ]


def _pick(values: list[Any], choice: int) -> Any:
    return values[min(choice, len(values) - 1)]
