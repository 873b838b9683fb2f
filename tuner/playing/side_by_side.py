"""Episodes of one or more actors on the same seeds, in lockstep, as one picture after the other."""

from collections.abc import Iterator, Sequence
from typing import Any

import gymnasium as gym

from tuner.playing.captions import Caption, Size, framed
from tuner.playing.imaging import Picture, frames_a_second, in_a_grid, take
from tuner.playing.play_episode import Actor, Moment, PlayedEpisode, make_player, moments_of
from tuner.playing.screens import Screen

FIRST, LAST = 0.4, 0.75  # s for which the first and last picture of an episode are held
COLUMNS = {4: 2}  # of so many pictures; otherwise three at the most
METRES = "m"  # `metadata["distance_unit"]` of environments whose distances are shown in mm


class Side:
    """One actor in an environment of its own."""

    def __init__(self, env: gym.Env[Any, Any], actor: Actor, size: Size) -> None:
        self.env = env
        self.actor = actor
        self._size = size
        self._player = make_player(actor, env)
        self._coming: Iterator[Moment] = iter(())
        self._episode = 0
        self._last: Picture | None = None  # of an episode that is over

    def begin(self, episode: int, seed: int) -> Moment:
        """The start of an episode."""
        self._episode, self._last = episode, None
        self._coming = moments_of(self.env, self._player, seed, self.actor.signals)
        return next(self._coming)

    def advance(self, moment: Moment) -> Moment:
        """The moment after this one; the same where the episode is over."""
        return moment if moment.over else next(self._coming)

    def picture(self, moment: Moment) -> Picture:
        """The environment as it is, with a caption; it is not rendered again once the episode is over."""
        if self._last is None:
            shown = framed(take(self.env), self.caption(moment), self._size)
            if not moment.over:
                return shown
            self._last = shown
        return self._last

    def caption(self, moment: Moment) -> Caption:
        """What is said of a moment: failure is not said before the end."""
        said = moment.success if moment.success or moment.over else None
        title = f"{self.actor.title or self.actor.label} · episode {self._episode}"
        return Caption(title=title, figures=figures(moment, self.env.metadata.get("distance_unit")), success=said)


def figures(moment: Moment, unit: object) -> str:
    """The distance, in mm where it is in metres; the return where there is none and success is not told either."""
    if moment.distance is not None:
        return f"{1000 * moment.distance:.0f} mm" if unit == METRES else f"distance {moment.distance:.3g}"
    return f"return {moment.total_return:.4g}" if moment.steps and moment.success is None else ""


def play_episodes(sides: Sequence[Side], episode: int, seed: int, screen: Screen) -> list[PlayedEpisode]:
    """Plays one episode of each, with the same seed; the ones that end first stand still.

    Raises:
        EnvironmentFailed: where an environment raises, or returns an invalid value.
    """
    fps = frames_a_second(sides[0].env)
    moments = [side.begin(episode, seed) for side in sides]

    def together() -> Picture:
        pictures = [side.picture(moment) for side, moment in zip(sides, moments, strict=True)]
        return in_a_grid(pictures, COLUMNS.get(len(sides), 3))

    screen.show(together, fps, hold=FIRST)
    while not all(moment.over for moment in moments):
        moments = [side.advance(moment) for side, moment in zip(sides, moments, strict=True)]
        screen.show(together, fps, hold=LAST if all(moment.over for moment in moments) else 0.0)
    return [moment.as_episode(episode, seed) for moment in moments]
