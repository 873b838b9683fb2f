"""Deterministic evaluation over episodes with fixed seeds, in several environments at once."""

import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from typing import Any

import numpy as np
from stable_baselines3.common.vec_env import VecEnv

from tuner import seeds
from tuner.errors import EnvironmentFailed
from tuner.record_type import Record
from tuner.records import LONGEST_EPISODE, SUCCESS, Aggregate, EnvironmentRef, Signals, TrialJob
from tuner.training.acting import FollowsEpisodes, Predict
from tuner.training.batches import put, zeros
from tuner.training.environments import FULL, knows_difficulty, make_vec_env, set_difficulty
from tuner.training.seeded_episodes import episodes_by_seed
from tuner.training.signals import Told, aggregated, decide, distance, entry_of, number, success

ENVIRONMENTS = 5  # stepped together, so that one forward pass serves five


class EvaluationEpisode(Told):
    """The outcome of one evaluation episode."""

    total_return: float
    length: int  # control steps
    timed_out: bool
    cut_off: bool = False  # at the longest that an episode may be
    milestones: tuple[bool, ...] = ()
    entry: float | None = None  # of `info` at its end, where the objective reads one


class Result(Record):
    """The aggregate over the episodes of an evaluation."""

    score: float
    success: float | None
    distance: float | None
    mean_return: float
    mean_length: float
    timeout_share: float
    seconds: float
    cut_off: int = 0  # episodes
    unread: int = 0  # episodes that told success where the study does not read it
    milestones: dict[str, float] = field(default_factory=dict)  # share of episodes that reached each


class Evaluator:
    """Evaluates a policy in environments of its own, which are made at the first evaluation and kept for the trial.

    If an environment has `set_difficulty`, evaluation is always at full difficulty.
    """

    def __init__(
        self,
        ref: EnvironmentRef,
        *,
        objective: str,
        aggregate: Aggregate = Aggregate(),  # noqa: B008 - frozen
        most_goals: int,
        signals: Signals | None = None,
        longest: int = LONGEST_EPISODE,
        milestones: Sequence[str] = (),
        first_goal: int = seeds.TUNING_GOALS,
    ) -> None:
        n_envs = min(ENVIRONMENTS, most_goals)
        if ref.vec_env == "subproc":  # processes are expensive to start: no more than training has
            n_envs = min(n_envs, ref.n_envs)
        self._ref = replace(ref, n_envs=n_envs)
        self._objective = objective
        self._aggregate = aggregate
        self._entry = entry_of(objective)
        self._longest = longest
        self._signals = signals
        self._milestones = tuple(milestones)
        self._first_goal = first_goal
        self._env: VecEnv | None = None

    def run(self, predict: Predict, goals: int) -> Result:
        """Runs `goals` evaluation episodes, whose reset seeds count up from `first_goal` in every evaluation."""
        begun = time.perf_counter()
        if self._env is None:
            self._env = make_vec_env(self._ref, wrapper=episodes_by_seed)
            if knows_difficulty(self._env):
                set_difficulty(self._env, FULL)
            self._env.reset()
        numbers = range(self._first_goal, self._first_goal + goals)
        reading = (self._milestones, self._entry, self._signals, self._longest)
        episodes = _Episodes(self._env, numbers, *reading).run(predict)
        if self._signals is None:
            self._signals = decide(episodes)
        seconds = time.perf_counter() - begun
        how: Any = {"objective": self._objective, "aggregate": self._aggregate, "milestones": self._milestones}
        return summarise(episodes, self._signals, **how, seconds=seconds)

    def close(self) -> None:
        """Closes the environments."""
        if self._env is not None:
            self._env.close()


def evaluator_of(job: TrialJob, most_goals: int, first_goal: int) -> Evaluator:
    """An evaluator as a job's evaluations are scored, for episodes whose reset seeds count up from `first_goal`."""
    kwargs = {**job.environment.kwargs, **job.evaluation_kwargs}
    return Evaluator(
        replace(job.environment, kwargs=kwargs),
        objective=job.objective,
        aggregate=job.aggregate,
        most_goals=most_goals,
        signals=job.signals,
        longest=job.longest,
        milestones=job.milestones,
        first_goal=first_goal,
    )


class _Episodes:
    """One episode for every seed, several at a time: an environment that finishes one starts the next."""

    def __init__(
        self,
        env: VecEnv,
        episode_seeds: Sequence[int],
        milestones: Sequence[str],
        entry: str | None,
        signals: Signals | None,
        longest: int,
    ) -> None:
        self._env = env
        self._longest = longest
        self._milestones = milestones
        self._entry = entry
        self._success = (signals.success if signals else None) or SUCCESS
        self._at_least = signals.at_least if signals else None
        self._at_any_step = signals is not None and signals.when == "any"
        self._succeeded: set[int] = set()  # environments whose running episode did
        self._seeds = episode_seeds
        self._waiting = deque(episode_seeds)
        self._running: dict[int, int] = {}  # environment → seed
        self._starts: list[float | None] = [None] * env.num_envs  # distances, m
        self._done: dict[int, EvaluationEpisode] = {}  # seed → its episode

    def run(self, predict: Predict) -> list[EvaluationEpisode]:
        """All episodes, in the order of their seeds."""
        env = self._env
        observations = zeros(env.observation_space, env.num_envs)
        if isinstance(predict, FollowsEpisodes):
            predict.attach(env)
        returns, lengths = np.zeros(env.num_envs), np.zeros(env.num_envs, dtype=int)
        for index in range(env.num_envs):
            self._begin(index, observations)
        while self._running:
            observations, rewards, dones, infos = env.step(predict(observations))
            returns += rewards
            lengths += 1
            if self._at_any_step:
                self._succeeded |= {index for index in self._running if self._told(infos[index])}
            for index in np.flatnonzero(dones | (lengths >= self._longest)).tolist():
                self._end(index, float(returns[index]), int(lengths[index]), infos[index], done=bool(dones[index]))
                self._begin(index, observations)
                returns[index], lengths[index] = 0.0, 0
                if isinstance(predict, FollowsEpisodes):
                    predict.begin(index)
        return [self._done[seed] for seed in self._seeds]

    def _begin(self, index: int, observations: Any) -> None:
        """Starts the next episode in an environment; if none is left, the environment's steps are ignored."""
        if not self._waiting:
            return
        seed = self._running[index] = self._waiting.popleft()
        [(observation, info)] = self._env.env_method("reset", seed=seed, indices=index)
        put(observations, index, observation)
        self._succeeded.discard(index)
        self._starts[index] = distance(info)

    def _end(self, index: int, total: float, length: int, info: dict[str, Any], *, done: bool) -> None:
        seed = self._running.pop(index, None)
        if seed is None:
            return
        self._done[seed] = EvaluationEpisode(
            total_return=total,
            length=length,
            timed_out=bool(info.get("TimeLimit.truncated", False)) or (length >= self._longest and not done),
            cut_off=length >= self._longest and not done,
            success=index in self._succeeded or self._told(info),
            start_distance=self._starts[index],
            distance=distance(info),
            milestones=tuple([flag(info, milestone, asked_by="milestones") for milestone in self._milestones]),
            entry=None if self._entry is None else number(info, self._entry),
        )

    def _told(self, info: dict[str, Any]) -> bool | None:
        return success(info, self._success, self._at_least)


def summarise(
    episodes: Sequence[EvaluationEpisode],
    signals: Signals,
    *,
    objective: str,
    aggregate: Aggregate = Aggregate(),  # noqa: B008 - frozen
    milestones: Sequence[str] = (),
    seconds: float = 0.0,
) -> Result:
    """The means over the episodes, and the score.

    Where success is told at all, an episode that tells none has failed. An episode without a distance, where the others
    have one, came no nearer.
    """
    rate = None if signals.success is None else _mean([bool(episode.success) for episode in episodes])
    start, distance = _distances(episodes) if signals.distance else (None, None)
    mean_return = float(np.mean([episode.total_return for episode in episodes]))
    shares = dict(zip(milestones, np.mean([episode.milestones for episode in episodes], axis=0).tolist(), strict=True))
    reached = float(np.mean([*shares.values(), rate])) if objective == "milestones" and rate is not None else rate
    values = _values(episodes, objective)
    return Result(
        score=score(reached, distance, start, mean_return) if values is None else aggregated(values, aggregate),
        success=rate,
        distance=distance,
        mean_return=mean_return,
        mean_length=float(np.mean([episode.length for episode in episodes])),
        timeout_share=float(np.mean([episode.timed_out for episode in episodes])),
        seconds=seconds,
        cut_off=sum(episode.cut_off for episode in episodes),
        unread=sum(episode.success is not None for episode in episodes) if signals.success is None else 0,
        milestones=shares,
    )


def _values(episodes: Sequence[EvaluationEpisode], objective: str) -> list[float] | None:
    """What the objective reads of each episode; None where success makes the score."""
    if objective == "return":
        return [episode.total_return for episode in episodes]
    return [episode.entry or 0.0 for episode in episodes] if entry_of(objective) else None


def score(success: float | None, distance: float | None, start: float | None, mean_return: float) -> float:
    """The score u = s + 0.1 · (1 - min(d / d0, 1)): distance only breaks ties, it is worth at most one success in ten.

    Without a distance u = s; without a success signal u is the mean return. With the objective `milestones`, s is the
    mean of the milestones' shares and the success rate.
    """
    if success is None:
        return mean_return
    if distance is None or not start:
        return success
    return success + 0.1 * (1.0 - min(distance / start, 1.0))


def _distances(episodes: Sequence[EvaluationEpisode]) -> tuple[float | None, float | None]:
    """Mean distances at the start and at the end; None where no episode has one."""
    starts = [one.start_distance for one in episodes if one.start_distance is not None]
    if not starts:
        return None, None
    far = _mean(starts)
    pairs = [(one.start_distance, one.distance) for one in episodes]
    ends = [end if end is not None else start if start is not None else far for start, end in pairs]
    return far, _mean(ends)


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))


def flag(info: Mapping[str, Any], key: str, *, asked_by: str) -> bool:
    """Whether `info[key]` is true.

    Raises:
        EnvironmentFailed: if it is not a flag; the message has `asked_by` and the flags that there are.
    """
    if key in info and _is_flag(info[key]):
        return bool(info[key])
    told = f"is {info[key]!r}" if key in info else "is missing"
    valid = ", ".join(sorted(name for name, value in info.items() if _is_flag(value) and "." not in name))
    raise EnvironmentFailed(f"{asked_by}: info[{key!r}] {told} at an episode's end; flags there: {valid or 'none'}")


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool | np.bool_)
