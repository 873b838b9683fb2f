"""Plays episodes into a file or in a window."""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium as gym
from gymnasium.envs.registration import load_env_creator

from tuner.errors import EnvironmentUnusable
from tuner.playing.captions import Size
from tuner.playing.play_episode import Actor, Played, PlayedEpisode
from tuner.playing.screens import open_screen, usual_size
from tuner.playing.side_by_side import Side, play_episodes
from tuner.record_type import Record
from tuner.records import EnvironmentRef
from tuner.training.making import close, find_environment, made, make_bare

Tell = Callable[[PlayedEpisode], None]
LIVE: Size = (0, 0)  # of a window, for which no pictures are taken


class Part(Record):
    """Who acts, and where."""

    ref: EnvironmentRef
    actor: Actor


def play(
    ref: EnvironmentRef, actor: Actor, goals: Sequence[int], output: Path | None, tell: Tell, size: Size | None = None
) -> Played:
    """Plays an episode for every seed, into a video or picture, or in a window if there is no file.

    Args:
        ref: The environment.
        actor: The model or expert.
        goals: Reset seeds of the episodes.
        output: A file that `screens.check_target` allows, None for a window.
        tell: Called with the results of every episode.
        size: Of the picture, caption included; by default as its kind of file has it.

    Raises:
        TunerError: where the episodes cannot be played, or the file cannot be written.
    """
    (played,) = play_together((Part(ref=ref, actor=actor),), goals, output, lambda _, episode: tell(episode), size)
    return played


def play_together(
    parts: Sequence[Part],
    goals: Sequence[int],
    output: Path | None,
    tell: Callable[[Actor, PlayedEpisode], None],
    size: Size | None = None,
) -> list[Played]:
    """As `play`, of one or several beside each other, with the same seeds; `size` is that of each picture."""
    each = LIVE if output is None else size or usual_size(output, len(parts))
    with contextlib.ExitStack() as stack:
        screen = stack.enter_context(open_screen(output))
        sides = []
        for part in parts:
            env = make_seen(part.ref, screen.render_mode)
            stack.callback(close, env)
            sides.append(Side(env, part.actor, each))
        episodes: list[list[PlayedEpisode]] = []
        for number, goal in enumerate(goals, start=1):
            episodes.append(play_episodes(sides, number, goal, screen))
            for part, episode in zip(parts, episodes[-1], strict=True):
                tell(part.actor, episode)
    return [
        Played(environment=part.ref.id, actor=part.actor.label, episodes=list(own))
        for part, own in zip(parts, zip(*episodes, strict=True), strict=True)
    ]


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
