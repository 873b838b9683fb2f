"""From who was named to who acts."""

from collections.abc import Callable
from typing import Any

import gymnasium as gym

from tuner.errors import EnvironmentUnusable
from tuner.playing.play_episode import Actor, Player
from tuner.training.stepping import HOOK, Expert, offers_expert


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
