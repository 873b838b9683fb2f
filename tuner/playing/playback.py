"""Plays episodes in front of a camera or in a window."""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium as gym
from gymnasium.envs.registration import load_env_creator

from tuner.errors import EnvironmentUnusable
from tuner.playing.play_episode import Actor, Played, PlayedEpisode, make_player, play_episode
from tuner.playing.screens import open_screen
from tuner.records import EnvironmentRef
from tuner.training.making import close, find_environment, made, make_bare

Tell = Callable[[PlayedEpisode], None]


def play(ref: EnvironmentRef, actor: Actor, goals: Sequence[int], output: Path | None, tell: Tell) -> Played:
    """Plays an episode for every goal; into a video or picture, or in a window where there is no file.

    Args:
        ref: The environment, single.
        actor: Who acts.
        goals: The seeds of the episodes' resets.
        output: Where to, as `screens.check_target` has it.
        tell: Hears of every episode.

    Raises:
        TunerError: what keeps the episodes from being played, or the file from being written.
    """
    with contextlib.ExitStack() as stack:
        screen = stack.enter_context(open_screen(output))
        env = make_seen(ref, screen.render_mode)
        stack.callback(close, env)
        player = make_player(actor, env)
        episodes = []
        for number, goal in enumerate(goals, start=1):
            episodes.append(play_episode(env, player, number, goal, screen))
            tell(episodes[-1])
    return Played(environment=ref.id, actor=actor.label, episodes=episodes)


def make_seen(ref: EnvironmentRef, render_mode: str) -> gym.Env[Any, Any]:
    """One environment that can be looked at.

    Raises:
        EnvironmentUnusable: where it does not offer that render mode, or cannot be made.
    """
    spec = gym.spec(find_environment(ref.id).id)
    modes = made(ref, lambda: _render_modes(spec.entry_point))
    if modes is not None and render_mode not in modes:
        there = f"it offers {', '.join(map(repr, modes))}" if modes else "it offers none"
        raise EnvironmentUnusable(f"environment {ref.id!r} has no render mode {render_mode!r}: {there}")
    return make_bare(replace(ref, kwargs={**ref.kwargs, "render_mode": render_mode}), looked_at=False)


def _render_modes(entry_point: Any) -> Sequence[str] | None:
    """What a class says of itself; a function that makes environments says nothing."""
    creator = load_env_creator(entry_point) if isinstance(entry_point, str) else entry_point
    metadata = getattr(creator, "metadata", None)
    return None if metadata is None else metadata.get("render_modes", [])
