"""Frames with captions."""

import numpy as np
import pytest

from tuner.playing.captions import BAD, GOOD, INK, Caption, framed
from tuner.playing.imaging import Picture
from tuner.playing.play_episode import Moment
from tuner.playing.side_by_side import figures

RED = (200, 30, 40)


def picture(height: int, width: int) -> Picture:
    return np.full((height, width, 3), RED, np.uint8)


def said(title: str = "reach · current · episode 1", figures: str = "14 mm", success: bool | None = None) -> Caption:
    return Caption(title=title, figures=figures, success=success)


def near(found: Picture, colour: tuple[int, int, int]) -> int:
    return int((np.abs(found.astype(int) - colour).max(axis=2) < 12).sum())


@pytest.mark.parametrize(
    ("shape", "size"), [((336, 480), (960, 720)), ((40, 40), (320, 240)), ((900, 100), (160, 120))], ids=str
)
def test_a_picture_of_any_size_is_shown_whole_above_its_caption(shape: tuple[int, int], size: tuple[int, int]) -> None:
    found = framed(picture(*shape), said(), size)
    assert found.shape == (size[1], size[0], 3)
    shown = np.argwhere((found == RED).all(axis=2))
    height, width = np.ptp(shown, axis=0) + 1
    assert width / height == pytest.approx(shape[1] / shape[0], rel=0.05)
    strip = max(24, size[1] // 15)
    assert height == size[1] - strip or width == size[0]
    assert shown[:, 0].max() < size[1] - strip
    assert near(found[size[1] - strip :], INK) > 20


def test_success_and_failure_have_their_colours() -> None:
    counts = {}
    for success in (None, True, False):
        found = framed(picture(336, 480), said(success=success), (960, 720))
        counts[success] = near(found, GOOD) > 20, near(found, BAD) > 20
    assert counts == {None: (False, False), True: (True, False), False: (False, True)}


def test_a_long_title_loses_its_first_parts_and_never_meets_the_figures() -> None:
    whole = framed(picture(336, 480), said(title="trial 9 · episode 1"), (360, 270))
    longer = framed(
        picture(336, 480), said(title="a study with a very long name indeed · trial 9 · episode 1"), (360, 270)
    )
    assert (whole == longer).all()
    cut = framed(picture(336, 480), said(title="a study with a very long name indeed " * 5), (360, 270))
    assert (cut[-24:, 250:] == whole[-24:, 250:]).all()


def test_a_name_in_another_script_is_left_out() -> None:
    titles = "trial 9", "\ub3d9\ud300 \ubaa8\ud615 · trial 9"
    plain, foreign = (framed(picture(336, 480), said(title=title), (480, 360)) for title in titles)
    assert (plain == foreign).all()


def test_nothing_moves_when_success_is_said() -> None:
    before, after = (framed(picture(336, 480), said(success=success), (960, 720)) for success in (None, True))
    assert (before[:, :820] == after[:, :820]).all()


@pytest.mark.parametrize(
    ("distance", "success", "unit", "words"),
    [
        (0.0136, None, "m", "14 mm"),
        (0.0136, None, None, "distance 0.0136"),
        (None, None, None, "return -3.5"),
        (None, False, None, ""),
    ],
)
def test_figures_are_the_distance_else_the_return(
    distance: float | None, success: bool | None, unit: str | None, words: str
) -> None:
    moment = Moment(steps=3, total_return=-3.5, success=success, distance=distance, stages=(), over=False)
    assert figures(moment, unit) == words
