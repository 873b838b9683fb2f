"""One episode, played by a model or the expert, moment by moment."""

import functools
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Protocol

import gymnasium as gym
import numpy as np

from tuner import seeds
from tuner.errors import EnvironmentFailed, EnvironmentUnusable
from tuner.record_type import Record
from tuner.records import SUCCESS, Signals
from tuner.training.signals import distance, success
from tuner.training.stepping import HOOK, Expert, Info, advance, begin, offers_expert

if TYPE_CHECKING:
    from tuner.training.load_model import LoadedActor


class Actor(Record):
    """A model, or the environment's own expert if `model` is None."""

    label: str
    model: bytes | None = None  # a zip file of Stable-Baselines3
    statistics: bytes | None = None  # written by VecNormalize.save, if observations were normalised
    signals: Signals | None = None  # how its study reads success
    stochastic: bool = False  # whether its study's evaluations draw actions
    title: str = ""  # short, for captions


EXPERT = Actor(label="the expert", title="the expert")


class PlayedEpisode(Record):
    """The results of one episode."""

    episode: int  # from 1
    seed: int  # of its reset
    steps: int
    total_return: float
    success: bool | None  # None without a success signal
    distance: float | None  # at the end, in the environment's unit
    stages: tuple[str, ...]  # true entries of `info`, in the order reached


class Played(Record):
    """The results of all episodes."""

    environment: str
    actor: str
    episodes: Sequence[PlayedEpisode]

    @property
    def success(self) -> float | None:
        """The success rate; None without a success signal. Where some episodes told none, they failed."""
        told = [episode.success for episode in self.episodes]
        return None if all(one is None for one in told) else sum(map(bool, told)) / len(told)

    def data(self) -> dict[str, Any]:
        """As JSON."""
        rows = [asdict(episode) for episode in self.episodes]
        for row in rows:
            row["return"] = row.pop("total_return")
        return {"environment": self.environment, "actor": self.actor, "success": self.success, "episodes": rows}


class PlayedTogether(Record):
    """The results of several actors on the same episodes."""

    sides: Sequence[Played]

    def data(self) -> dict[str, Any]:
        """As JSON."""
        return {"sides": [side.data() for side in self.sides]}


ENDLESS = 10_000  # steps after which an episode is cut off
NO_STAGE = ("is_success", "TimeLimit.truncated")  # entries of `info` that are no stages


class Player(Protocol):
    """A policy that plays."""

    def reset(self, seed: int) -> None:
        """Begins an episode with this seed."""

    def __call__(self, observation: Any) -> Any:
        """The action for an observation."""


class Moment(Record):
    """An episode at its start, or after a step."""

    steps: int
    total_return: float
    success: bool | None
    distance: float | None
    stages: tuple[str, ...]  # reached so far
    over: bool

    def as_episode(self, episode: int, seed: int) -> PlayedEpisode:
        """The results of an episode of which this is the end."""
        return PlayedEpisode(
            episode=episode,
            seed=seed,
            steps=self.steps,
            total_return=self.total_return,
            success=self.success,
            distance=self.distance,
            stages=self.stages,
        )


def moments_of(env: gym.Env[Any, Any], player: Player, seed: int, signals: Signals | None = None) -> Iterator[Moment]:
    """Plays one episode to its end, or for `ENDLESS` steps: its start, then every step; the last is over.

    Raises:
        EnvironmentFailed: where the environment raises, or returns an invalid value.
    """
    observation, info = begin(env, seed)
    player.reset(seed)
    read = signals or Signals(success=None)
    told = functools.partial(success, key=read.success or SUCCESS, at_least=read.at_least)
    total, steps, over, reached = 0.0, 0, False, False
    stages = _stages(info)
    yield Moment(steps=0, total_return=0.0, success=None, distance=distance(info), stages=tuple(stages), over=False)
    while not over:
        observation, reward, terminated, truncated, info = advance(env, player(observation))
        if not math.isfinite(reward):
            raise EnvironmentFailed(f"the reward of step {steps + 1} is {reward} (see `tuner check`)")
        total, steps = total + reward, steps + 1
        over = terminated or truncated or steps == ENDLESS
        stages |= _stages(info)
        now = told(info)
        reached |= read.when == "any" and bool(now)
        yield Moment(
            steps=steps,
            total_return=total,
            success=reached or now,
            distance=distance(info),
            stages=tuple(stages),
            over=over,
        )


def _stages(info: Info) -> dict[str, None]:
    """The names of the true entries of `info`, in order."""
    names = (name for name, value in info.items() if isinstance(value, bool | np.bool_) and value)
    return dict.fromkeys(str(name) for name in names if name not in NO_STAGE)


class Model:
    """A trained model."""

    def __init__(self, act: "LoadedActor") -> None:
        self._act = act

    def reset(self, seed: int) -> None:  # noqa: ARG002
        """Forgets the episode before."""
        self._act.begin()

    def __call__(self, observation: Any) -> Any:
        """The model's action."""
        return self._act(observation)


class OwnExpert(Expert):
    """The environment's expert; it is an error if there is none."""

    def reset(self, seed: int) -> None:
        """Makes the expert if needed, and begins an episode.

        Raises:
            EnvironmentUnusable: where a base class only declares the hook.
        """
        try:
            super().reset(seed)
        except NotImplementedError:
            raise _no_expert(self._env) from None


def make_player(actor: Actor, env: gym.Env[Any, Any]) -> Player:
    """The model or the expert, ready to play in this environment.

    Raises:
        EnvironmentUnusable: where it has no expert.
        ModelUnusable: where the model cannot be loaded, or does not fit the environment.
    """
    if actor.model is not None:
        draw = seeds.PLAY_GOALS if actor.stochastic else None
        from tuner.training.load_model import load_actor  # imports torch

        return Model(load_actor(actor.model, actor.label, env, actor.statistics, draw=draw))
    if not offers_expert(env):
        raise _no_expert(env)
    return OwnExpert(env)


def _no_expert(env: gym.Env[Any, Any]) -> EnvironmentUnusable:
    kind = type(env.unwrapped).__name__
    return EnvironmentUnusable(
        f"--expert: {kind} has none ({HOOK}, see docs/howto/environments.md); give --model or --study"
    )
