"""Curves in plain text."""

import numpy as np
import pytest

from tuner.cli.render.show_tables import COURSE, HEIGHT, WIDTH, course, draw


def test_a_rising_curve_rises_from_corner_to_corner() -> None:
    lines = draw([0, 50_000, 100_000], [0.0, 0.5, 1.0], say="{:.0%}".format, bounds=(0.0, 1.0))
    area = [line.partition("│")[2].ljust(WIDTH) for line in lines[:HEIGHT]]
    filled = [sum(row[column] != " " for row in area) for column in range(WIDTH)]
    assert filled == sorted(filled)
    assert filled[0] == 0
    assert filled[-1] == HEIGHT
    assert lines[0].startswith("100% │")
    assert lines[HEIGHT - 1].startswith("  0% │")
    assert lines[-1].endswith("100,000 steps")
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize(
    ("steps", "values"),
    [([10], [3.0]), ([10, 20], [-2.0, -2.0]), ([1, 2, 3], [-4000.0, 3719.0, -3625.0])],
    ids=["one point", "flat", "thousands"],
)
def test_any_curve_can_be_drawn(steps: list[int], values: list[float]) -> None:
    lines = draw(steps, values, say="{:.4g}".format)
    assert len(lines) == HEIGHT + 2
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize(
    ("values", "drawn"),
    [
        ([], ""),
        ([1.0], ""),
        ([1.0, 1.0, 1.0], "▁▁▁"),
        ([0.0, np.nan, 1.0], "▁█"),
        (list(range(8)), "▁▂▃▄▅▆▇█"),
    ],
    ids=["none", "one", "flat", "gap", "rising"],
)
def test_a_course_is_a_line_of_blocks(values: list[float], drawn: str) -> None:
    assert course(values) == drawn


def test_a_long_course_is_averaged() -> None:
    assert len(course(list(range(500)))) == COURSE
