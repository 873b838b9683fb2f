"""Plays episodes into a file or in a window."""

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
    """Plays an episode for every seed, into a video or picture, or in a window if there is no file.

    Args:
        ref: The environment.
        actor: The model or expert.
        goals: Reset seeds of the episodes.
        output: A file that `screens.check_target` allows, None for a window.
        tell: Called with the results of every episode.

    Raises:
        TunerError: where the episodes cannot be played, or the file cannot be written.
    """
    with contextlib.ExitStack() as stack:
        screen = stack.enter_context(open_screen(output))
        env = make_seen(ref, screen.render_mode)
        stack.callback(close, env)
        player = make_player(actor, env)
        episodes = []
        for number, goal in enumerate(goals, start=1):
            episodes.append(play_episode(env, player, number, goal, screen, actor.signals))
            tell(episodes[-1])
    return Played(environment=ref.id, actor=actor.label, episodes=episodes)


def make_seen(ref: EnvironmentRef, render_mode: str) -> gym.Env[Any, Any]:
    """One environment with a render mode.

    Raises:
        EnvironmentUnusable: where it does not have that render mode, or cannot be made.
    """
    spec = gym.spec(find_environment(ref.id, ref.folder).id)
    modes = made(ref, lambda: _render_modes(spec.entry_point))
    if modes is not None and render_mode not in modes:
        there = f"it has {', '.join(map(repr, modes))}" if modes else "it has none"
        raise EnvironmentUnusable(f"environment {ref.id!r} has no render mode {render_mode!r}: {there}")
    env = make_bare(replace(ref, kwargs={**ref.kwargs, "render_mode": render_mode}))
    return env if ref.frame_stack == 1 else _stacked(env, ref)


def _stacked(env: gym.Env[Any, Any], ref: EnvironmentRef) -> gym.Env[Any, Any]:
    from tuner.training.frame_stack import stacked  # imports torch

    return stacked(env, ref)


def _render_modes(entry_point: Any) -> Sequence[str] | None:
    """The render modes in the metadata of a class; None for a function, which has none."""
    creator = load_env_creator(entry_point) if isinstance(entry_point, str) else entry_point
    metadata = getattr(creator, "metadata", None)
    return None if metadata is None else metadata.get("render_modes", [])
