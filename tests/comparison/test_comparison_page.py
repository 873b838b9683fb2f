"""The page of a comparison: whole, alone, safe to show."""

import math
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuner.comparison.chart import Curve, draw, make_axis
from tuner.comparison.page import check_target, render, write
from tuner.comparison.records import Arm, Comparison, Point, Run
from tuner.errors import ExportFailed, UsageProblem

check = settings(max_examples=100, deadline=None, derandomize=True, database=None)

POINTS = tuple(Point(step=100 * k, seconds=3.0 * k, success=0.2 * k, mean_return=1.0 * k) for k in (1, 2, 3, 4))
COMPARISON = Comparison(
    study="toy",
    environment="Toy-v0",
    minutes=0.2,
    seeds=2,
    goals=20,
    arms=(
        Arm(algorithm="ppo", source="baseline current", params={}),
        Arm(algorithm="sac", source="defaults", params={}),
    ),
    runs=(
        Run(algorithm="ppo", seed=1, state="done", reason="", points=POINTS),
        Run(algorithm="sac", seed=1, state="failed", reason="<b>fell off</b>", points=POINTS[:2]),
    ),
)


def test_it_needs_nothing_else_and_says_everything() -> None:
    text = render(COMPARISON)
    assert not re.search(r"https?:|<script|src=|@import|url\(", text)
    for words in ("ppo, sac in Toy-v0", "0.2 minutes", "2 seeds", "20 episodes", "baseline current", "did not begin"):
        assert words in text
    assert text.count("<polyline") == 2 * 2  # a line a run in each of the two drawings
    assert text.count('class="chart"') == 2


def test_words_from_elsewhere_are_text() -> None:
    text = render(replace(COMPARISON, environment="<i>mine</i>"))
    assert "<b>" not in text
    assert "<i>" not in text
    assert "&lt;b&gt;fell off" in text


@pytest.mark.parametrize(
    "runs",
    [
        pytest.param((), id="none"),
        pytest.param((Run(algorithm="ppo", seed=1, state="failed", reason="", points=()),), id="no points"),
        pytest.param(
            (Run(algorithm="ppo", seed=1, state="done", reason="", points=(replace(POINTS[0], seconds=0.0),)),),
            id="one point at once",
        ),
        pytest.param(
            (
                Run(
                    algorithm="ppo",
                    seed=1,
                    state="done",
                    reason="",
                    points=tuple(replace(point, success=None, mean_return=-7.0) for point in POINTS),
                ),
            ),
            id="no success signal",
        ),
    ],
)
def test_whatever_there_is_makes_a_page(runs: tuple[Run, ...]) -> None:
    text = render(replace(COMPARISON, runs=runs))
    assert "nan" not in text
    assert "Figures" in text


def test_it_is_written_whole(tmp_path: Path) -> None:
    write(COMPARISON, tmp_path / "compare.html")
    assert (tmp_path / "compare.html").read_text() == render(COMPARISON)
    assert [path.name for path in tmp_path.iterdir()] == ["compare.html"]


def test_where_it_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(ExportFailed, match="choose another file with --html"):
        write(COMPARISON, tmp_path / "nowhere" / "compare.html")
    with pytest.raises(UsageProblem, match="there is no folder"):
        check_target(tmp_path / "nowhere" / "compare.html")
    with pytest.raises(UsageProblem, match="is a folder"):
        check_target(tmp_path)


@check
@given(st.lists(st.floats(-1e6, 1e6), max_size=20))
def test_a_linear_axis_holds_its_values_between_few_ticks(values: list[float]) -> None:
    axis = make_axis("x", values, say=str)
    assert all(0.0 <= axis.place(value) <= 1.0 for value in values)
    assert 1 <= len(axis.ticks()) <= 9
    assert all(-1e-6 <= axis.place(tick) <= 1.0 + 1e-6 for tick in axis.ticks())


@check
@given(st.lists(st.floats(1.0, 1e9), min_size=1, max_size=20))
def test_a_log_axis_as_well(values: list[float]) -> None:
    axis = make_axis("x", values, log=True, say=str)
    assert all(0.0 <= axis.place(value) <= 1.0 for value in values)
    assert len(axis.ticks()) <= 10


def test_equal_factors_are_equally_far_apart() -> None:
    axis = make_axis("x", [10.0, 1000.0], log=True, say=str)
    assert axis.place(100.0) - axis.place(10.0) == pytest.approx(axis.place(1000.0) - axis.place(100.0))
    assert math.isclose(axis.place(100.0), 0.5)


def test_a_curve_is_drawn_through_its_points() -> None:
    across, up = make_axis("x", [0.0, 10.0], say=str), make_axis("y", [0.0, 1.0], say=str)
    text = draw([Curve(style="ppo", points=((0.0, 0.0), (10.0, 1.0)))], across, up)
    assert text.count("<circle") == 2
    (line,) = re.findall(r'points="([^"]+)"', text)
    (x0, y0), (x1, y1) = (map(float, pair.split(",")) for pair in line.split())
    assert x0 < x1
    assert y0 > y1  # upwards
