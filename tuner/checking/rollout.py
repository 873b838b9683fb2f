"""Episodes of one policy, recorded for the verdicts."""

import functools
import math
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from tuner.checking.check_report import Budget
from tuner.checking.observed import Observed
from tuner.checking.policies import Policy, bounds, flat
from tuner.errors import EnvironmentFailed
from tuner.records import SUCCESS, Signals
from tuner.training.making import raised_in_a_step
from tuner.training.signals import WHOLE, Told, distance, number, single, success
from tuner.training.stepping import Info, advance, begin

FEW_ERRORS = 2  # episodes that may end by an error whatever the others do
ENDLESS = 10_000  # steps after which an episode is taken to have no end


class CheckedEpisode(Told):
    """One complete episode."""

    total_return: float
    last_reward: float
    length: int  # control steps
    terminated: bool
    nearest: float | None


@dataclass(kw_only=True)
class Flag:
    """An entry of `info` that may be a success signal under another name."""

    at_end: int = 0  # episodes at whose end it was 1
    on_the_way: int = 0  # episodes in which it was 1 before their end, and 0 at the end
    other: bool = False  # whether it was ever neither 0 nor 1


@dataclass(kw_only=True)
class Recording:
    """Everything recorded of one policy."""

    observed: Observed
    episodes: list[CheckedEpisode] = field(default_factory=list)
    rewards: list[float] = field(default_factory=list)  # of every step
    ended: list[bool] = field(default_factory=list)  # whether the step ended an episode
    terms: dict[str, list[float]] = field(default_factory=dict)  # by term, for every step with reward terms
    unexplained: list[float] = field(default_factory=list)  # reward minus the sum of its terms, for those steps
    not_finite: dict[str, int] = field(default_factory=dict)  # number of steps, by the value that was not finite
    endless: bool = False
    fractions: int = 0  # episodes whose success entry was between 0 and 1
    flags: dict[str, Flag] = field(default_factory=dict)  # by key
    keys: set[str] = field(default_factory=set)  # of `info` in steps
    errors: list[str] = field(default_factory=list)  # of steps, each the end of an episode that does not count
    seconds: float = 0.0

    @property
    def steps(self) -> int:
        """Number of control steps, those of incomplete episodes included."""
        return len(self.rewards)

    def returns(self) -> NDArray[np.float64]:
        """The return of every episode."""
        return np.array([episode.total_return for episode in self.episodes])

    def success(self) -> float | None:
        """Success rate; None without a success signal."""
        known = [episode.success for episode in self.episodes if episode.success is not None]
        return sum(known) / len(known) if known else None


def record(
    env: gym.Env[Any, Any],
    policy: Policy,
    goals: Sequence[int],
    budget: Budget,
    signals: Signals,
    entry: str | None = None,
) -> Recording:
    """Plays one episode for every seed until the time is up; an incomplete episode does not count.

    Raises:
        EnvironmentFailed: where steps raise in more than one of two episodes, it breaks Gymnasium's API, or an episode
            ends without a number under `entry`.
    """
    recording = Recording(observed=Observed(*bounds(env.observation_space)))
    begun = time.perf_counter()
    for goal in goals:
        if budget.spent() or recording.endless:
            break
        try:
            episode = _episode(env, policy, goal, recording, budget, signals, entry)
        except EnvironmentFailed as error:
            recording.errors.append(str(error))
            if not raised_in_a_step(error) or len(recording.errors) > max(FEW_ERRORS, len(recording.episodes)):
                raise
            continue
        if episode is not None:
            recording.episodes.append(episode)
    recording.observed.flush()
    recording.seconds = time.perf_counter() - begun
    return recording


def _episode(
    env: gym.Env[Any, Any],
    policy: Policy,
    goal: int,
    recording: Recording,
    budget: Budget,
    signals: Signals,
    entry: str | None,
) -> CheckedEpisode | None:
    """Plays one episode; None if the time, its length or a value that is not finite ended it early."""
    observation, info = begin(env, goal)
    policy.reset(goal)
    told = functools.partial(success, key=signals.success or SUCCESS, at_least=signals.at_least)
    distances, seen, succeeded = [distance(info)], _Seen(signals), False
    total, length, terminated, truncated, reward = 0.0, 0, False, False, 0.0
    if not _see(env, observation, recording):
        return None
    while not terminated and not truncated:
        if budget.spent() or length == ENDLESS:
            recording.endless |= length == ENDLESS
            return None
        observation, reward, terminated, truncated, info = advance(env, policy(observation))
        length += 1
        total += reward
        distances.append(distance(info))
        succeeded |= signals.when == "any" and bool(told(info))
        seen.step(info)
        if not _note(reward, terminated or truncated, info, recording) or not _see(env, observation, recording):
            return None
    seen.end(info, recording)
    if entry is not None:
        number(info, entry)
    known = [one for one in distances if one is not None]
    return CheckedEpisode(
        total_return=total,
        last_reward=reward,
        length=length,
        terminated=terminated,
        success=succeeded or told(info),
        start_distance=distances[0],
        distance=distances[-1],
        nearest=min(known, default=None),
    )


LIKE_SUCCESS = re.compile(r"success|solve|complete|achieved|reached|finish|won\b", re.IGNORECASE)


class _Seen:
    """Entries of `info` that look like a success signal under another name, in one episode."""

    def __init__(self, signals: Signals) -> None:
        self._key = signals.success or SUCCESS
        self._whole = signals.at_least is None  # whether only a whole success counts
        self._keys: set[str] = set()  # of all steps
        self._true: set[str] = set()  # 1 in an earlier step
        self._last: dict[str, float | None] = {}

    def step(self, info: Info) -> None:
        """Notes the entries of a step."""
        self._keys |= {key for key in info if isinstance(key, str)}
        self._true |= {key for key, value in self._last.items() if value == 1.0}
        names = (key for key in info if isinstance(key, str) and key != self._key and LIKE_SUCCESS.search(key))
        self._last = {key: single(info[key]) for key in names}

    def end(self, info: Info, recording: Recording) -> None:
        """Adds the episode, which this step ended, to the recording."""
        value = single(info.get(self._key))
        recording.fractions += self._whole and value is not None and 0.0 < value < WHOLE
        recording.keys |= self._keys
        for key, last in self._last.items():
            flag = recording.flags.setdefault(key, Flag())
            flag.at_end += last == 1.0
            flag.on_the_way += last == 0.0 and key in self._true
            flag.other |= last not in (0.0, 1.0)


def _see(env: gym.Env[Any, Any], observation: Any, recording: Recording) -> bool:
    """Records an observation; returns whether it is finite."""
    row = flat(env.observation_space, observation)
    if not np.isfinite(row).all():
        return _bad("observation", recording)
    recording.observed.add(row)
    return True


def _note(reward: float, ended: bool, info: Info, recording: Recording) -> bool:
    """Records a reward with its terms; returns whether all are finite."""
    terms = _terms(info)
    if not math.isfinite(reward):
        return _bad("reward", recording)
    if not all(map(math.isfinite, terms.values())):
        return _bad("info['reward_terms']", recording)
    recording.rewards.append(reward)
    recording.ended.append(ended)
    if terms:
        for name, value in terms.items():
            recording.terms.setdefault(name, [0.0] * len(recording.unexplained)).append(value)
        recording.unexplained.append(reward - sum(terms.values()))
        for values in recording.terms.values():
            values.extend([0.0] * (len(recording.unexplained) - len(values)))  # a term that this step left out
    return True


def _bad(what: str, recording: Recording) -> bool:
    recording.not_finite[what] = recording.not_finite.get(what, 0) + 1
    return False


def _terms(info: Info) -> dict[str, float]:
    terms = info.get("reward_terms")
    if terms is None:
        return {}
    try:
        return {str(name): float(value) for name, value in terms.items()}
    except (AttributeError, TypeError, ValueError):
        raise EnvironmentFailed(f"info['reward_terms'] must map names to numbers, not {terms!r}") from None
