"""Who acts, and one episode, every picture of it handed to a screen."""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, Protocol

import gymnasium as gym
import numpy as np

from tuner.errors import EnvironmentFailed, EnvironmentUnusable
from tuner.record_type import Record
from tuner.training.stepping import HOOK, Expert, Info, advance, begin, number, offers_expert


class Actor(Record):
    """Who acts: a model, or else the environment's own expert."""

    label: str
    model: bytes | None = None  # a zip of Stable-Baselines3's
    statistics: bytes | None = None  # what VecNormalize.save wrote, where observations were scaled


EXPERT = Actor(label="the expert")


class PlayedEpisode(Record):
    """How one episode went."""

    episode: int  # from 1
    seed: int  # of its reset, which stands for the goal
    steps: int
    total_return: float
    success: bool | None  # None where the environment does not tell
    distance: float | None  # at the end, in the environment's unit
    stages: tuple[str, ...]  # what `info` told to be reached, in its order


class Played(Record):
    """Everything that was played."""

    environment: str
    actor: str
    episodes: Sequence[PlayedEpisode]

    @property
    def success(self) -> float | None:
        """The share of successes, None where the environment does not tell."""
        told = [episode.success for episode in self.episodes if episode.success is not None]
        return sum(told) / len(told) if told else None

    def data(self) -> dict[str, Any]:
        """As JSON has it."""
        rows = [asdict(episode) for episode in self.episodes]
        for row in rows:
            row["return"] = row.pop("total_return")
        return {"environment": self.environment, "actor": self.actor, "success": self.success, "episodes": rows}


ENDLESS = 10_000  # steps after which an episode is cut off
FIRST, LAST = 0.4, 0.75  # s for which these pictures stand still, so that the goal and the end are seen
NO_STAGE = ("is_success", "TimeLimit.truncated")


class Player(Protocol):
    """Who acts."""

    def reset(self, seed: int) -> None:
        """An episode has begun."""

    def __call__(self, observation: Any) -> Any:
        """The action for an observation."""


class Screen(Protocol):
    """Where the pictures go."""

    render_mode: str  # of the environment

    def show(self, env: gym.Env[Any, Any], *, hold: float = 0.0) -> None:
        """What the environment looks like now, standing still for so many seconds."""


def play_episode(env: gym.Env[Any, Any], player: Player, episode: int, seed: int, screen: Screen) -> PlayedEpisode:
    """Plays one to its end, or until it seems to have none.

    Raises:
        EnvironmentFailed: where the environment raises, or says what it must not.
    """
    observation, info = begin(env, seed)
    player.reset(seed)
    screen.show(env, hold=FIRST)
    total, steps, over = 0.0, 0, False
    stages = _stages(info)
    while not over:
        observation, reward, terminated, truncated, info = advance(env, player(observation))
        if not math.isfinite(reward):
            raise EnvironmentFailed(f"the reward of step {steps + 1} is {reward} (see `tuner check`)")
        total, steps = total + reward, steps + 1
        over = terminated or truncated or steps == ENDLESS
        stages |= _stages(info)
        screen.show(env, hold=LAST if over else 0.0)
    success = number(info, "is_success")
    return PlayedEpisode(
        episode=episode,
        seed=seed,
        steps=steps,
        total_return=total,
        success=None if success is None else bool(success),
        distance=number(info, "distance"),
        stages=tuple(stages),
    )


def _stages(info: Info) -> dict[str, None]:
    """The names of what `info` says is so, in its order."""
    told = (name for name, value in info.items() if isinstance(value, bool | np.bool_) and value)
    return dict.fromkeys(str(name) for name in told if name not in NO_STAGE)


class Model:
    """A trained model, at its best action."""

    def __init__(self, act: Callable[[Any], Any]) -> None:
        self._act = act

    def reset(self, seed: int) -> None:
        """Nothing to do."""

    def __call__(self, observation: Any) -> Any:
        """The model's action."""
        return self._act(observation)


class OwnExpert(Expert):
    """The environment's expert, there for certain."""

    def reset(self, seed: int) -> None:
        """As `Expert.reset`.

        Raises:
            EnvironmentUnusable: where a base class only names the hook.
        """
        try:
            super().reset(seed)
        except NotImplementedError:
            raise _no_expert(self._env) from None


def make_player(actor: Actor, env: gym.Env[Any, Any]) -> Player:
    """Who acts in this environment.

    Raises:
        EnvironmentUnusable: where it has no expert.
        ModelUnusable: where the model cannot be loaded, or does not suit the environment.
    """
    if actor.model is not None:
        from tuner.training.load_model import load_actor  # takes torch with it

        return Model(load_actor(actor.model, actor.label, env, actor.statistics))
    if not offers_expert(env):
        raise _no_expert(env)
    return OwnExpert(env)


def _no_expert(env: gym.Env[Any, Any]) -> EnvironmentUnusable:
    kind = type(env.unwrapped).__name__
    return EnvironmentUnusable(
        f"--expert: {kind} offers none ({HOOK}, see docs/environments.md); name a --model or a --study"
    )
