"""Makes the moving picture of the README: the arm with an untuned and a tuned policy, over the same episodes.

`python tools/before_after.py` trains both configurations in turn, with one training seed and as many steps as the study
`reach` has, and tests each as a confirmation does. It takes about two minutes, and writes `docs/before_after.gif`.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from tuner import seeds
from tuner.config.load import find, load_study
from tuner.config.model import StudySpec
from tuner.config.space import job_arguments
from tuner.playing.imaging import take
from tuner.playing.play_episode import Actor, make_player, play_episode
from tuner.playing.playback import make_seen
from tuner.record_type import Record
from tuner.records import Checkpoint, Decision, Evaluation, TrialOutcome
from tuner.training.making import close
from tuner.trial import run_trial

TARGET = Path(__file__).parent.parent / "docs" / "before_after.gif"
SEED = seeds.TEST  # of both trainings: the first test seed of a confirmation
TUNED = {  # trial 9 of `tuner run --trials 200 --seed 0`, see docs/tutorials/arm.md
    "learning_rate": 0.0002607025256437463,
    "n_steps": 512,
    "batch_size": 32,
    "n_epochs": 10,
    "gamma": 0.95,
    "gae_lambda": 0.95,
    "clip_range": 0.13148672676085782,
    "ent_coef": 0.007175562263523947,
}
TESTED, PLAYED = 100, 4  # episodes
EVERY = 2  # pictures of the environment for one of ours
STILL = 0.6  # s for which the end of an episode stands
SIZE = 360, 276  # pixels of a half, three quarters of the environment's
COLOURS, VIVID = 48, 12  # in the palette: of everything, and of the goal alone, which has few pixels
HEAD, GAP = 30, 6  # pixels: the line above the pictures, the space between them

Picture = NDArray[np.uint8]  # (height, width, 3)


class Side(Record):
    """One half of the picture."""

    title: str
    success: float  # share of the test's episodes
    episodes: Sequence[Sequence[Picture]]


class Frames:
    """A screen that keeps every second picture, smaller, and the last."""

    render_mode = "rgb_array"

    def __init__(self) -> None:
        self.kept: list[Picture] = []
        self._count = 0

    def show(self, env: gym.Env[Any, Any], *, hold: float = 0.0) -> None:
        """Takes the next picture; one that stands still is the first or the last of its episode."""
        if self._count % EVERY == 0 or (hold and self._count):
            self.kept.append(np.asarray(Image.fromarray(take(env)).resize(SIZE, Image.Resampling.LANCZOS)))
        self._count += 1


def main() -> None:
    """Trains, plays and writes."""
    spec = load_study(find("studies", "reach"))
    left = side(spec, "untuned (current)", spec.baselines["current"])
    right = side(spec, "tuned", TUNED)
    frames = [frame for pair in zip(left.episodes, right.episodes, strict=True) for frame in together(*pair)]
    milliseconds = 1000 * EVERY // 20  # the arm's pictures are 20 a second
    write_gif(TARGET, [beneath(frame, left, right) for frame in frames], milliseconds)
    sys.stdout.write(f"{left.title}: {left.success:.0%}, {right.title}: {right.success:.0%} of {TESTED} episodes\n")
    sys.stdout.write(f"{TARGET}: {len(frames)} pictures, {TARGET.stat().st_size / 1e6:.2f} MB\n")


def side(spec: StudySpec, title: str, values: dict[str, Any]) -> Side:
    """Trains a configuration, tests it and plays it."""
    success, model = trained(spec, job_arguments(spec.space, {}, values))
    env = make_seen(spec.environment.ref(), "rgb_array")
    try:
        player = make_player(Actor(label=title, model=model), env)
        episodes = []
        for number, seed in enumerate(seeds.play_goals(PLAYED), 1):
            screen = Frames()
            play_episode(env, player, number, seed, screen)
            episodes.append(screen.kept)
    finally:
        close(env)
    return Side(title=title, success=success, episodes=episodes)


def trained(spec: StudySpec, arguments: dict[str, Any]) -> tuple[float, bytes]:
    """The success of a configuration in the test, and its model."""
    evaluations: list[Evaluation] = []

    def report(evaluation: Evaluation) -> Decision:
        evaluations.append(evaluation)
        return Decision(go_on=True, keep=True)

    end = (Checkpoint(step=spec.timesteps, goals=TESTED),)
    job = spec.job(number=0, seed=SEED, params=arguments, checkpoints=end, first_goal=seeds.TEST_GOALS)
    outcome: TrialOutcome = run_trial(job, report)
    if outcome.model is None or evaluations[-1].success is None:
        raise SystemExit(f"the training ended as {outcome.state}: {outcome.reason}")
    return evaluations[-1].success, outcome.model


def together(left: Sequence[Picture], right: Sequence[Picture]) -> list[Picture]:
    """An episode of both, the pictures beside each other; the one that ends first waits for the other."""
    length = max(len(left), len(right)) + round(STILL * 20 / EVERY)
    pairs = ((left[min(index, len(left) - 1)], right[min(index, len(right) - 1)]) for index in range(length))
    gap = np.full((left[0].shape[0], GAP, 3), 255, np.uint8)
    return [np.hstack([first, gap, second]) for first, second in pairs]


def beneath(frame: Picture, left: Side, right: Side) -> Image.Image:
    """The frame with a line above it that says what each half is."""
    height, width, _ = frame.shape
    whole = Image.new("RGB", (width, height + HEAD), "white")
    whole.paste(Image.fromarray(frame), (0, HEAD))
    draw, font = ImageDraw.Draw(whole), ImageFont.load_default(17)
    for side_, middle in ((left, (width - GAP) / 4), (right, (3 * width + GAP) / 4)):
        draw.text((middle, HEAD / 2), f"{side_.title}: {side_.success:.0%} success", "black", font, anchor="mm")
    return whole


def write_gif(path: Path, frames: Sequence[Image.Image], milliseconds: int) -> None:
    """Writes the pictures as one that repeats, with one small palette for all of them."""
    pixels = np.stack([np.asarray(frame) for frame in frames[:: len(frames) // 12]]).reshape(-1, frames[0].width, 3)
    vivid = pixels[np.ptp(pixels, axis=2) > 90]
    colours = [*_palette(pixels, COLOURS), *_palette(vivid[np.newaxis], VIVID)]
    palette = Image.new("P", (1, 1))
    palette.putpalette(colours)
    first, *rest = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    first.save(path, save_all=True, append_images=rest, duration=milliseconds, loop=0, optimize=True)


def _palette(pixels: Picture, count: int) -> list[int]:
    """So many colours that stand for the pixels, as red, green, blue, red and so on."""
    found = Image.fromarray(pixels).quantize(count, dither=Image.Dither.NONE).getpalette() or []
    return found[: 3 * count]


if __name__ == "__main__":
    main()
