"""The page of a comparison: complete, self-contained, safe to open."""

import json
import re
from dataclasses import replace

import pytest

from tuner.comparison.comparison_records import Comparison, Contender, Point, TimedRun
from tuner.output.comparison_page import render

POINTS = tuple(Point(step=100 * k, seconds=3.0 * k, success=0.2 * k, mean_return=1.0 * k) for k in (1, 2, 3, 4))
COMPARISON = Comparison(
    study="toy",
    environment="Toy-v0",
    minutes=0.2,
    seeds=2,
    goals=20,
    arms=(
        Contender(algorithm="ppo", source="baseline current", params={}),
        Contender(algorithm="sac", source="defaults", params={}),
    ),
    runs=(
        TimedRun(algorithm="ppo", seed=1, state="done", reason="", points=POINTS),
        TimedRun(algorithm="sac", seed=1, state="failed", reason="<b>fell off</b>", points=POINTS[:2]),
    ),
)


def test_it_is_self_contained_and_complete() -> None:
    text = render(COMPARISON)
    assert re.findall(r'(?:src|href)="(?!#|data:)|@import|url\(', text.partition("<script")[0]) == []
    for words in ("ppo, sac in Toy-v0", "0.2 minutes", "2 seeds", "20 episodes", "baseline current", "did not begin"):
        assert words in text
    drawn = [
        json.loads(data)["data"] for data in re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', text)
    ]
    assert [len(lines) for lines in drawn] == [2, 2]  # a line a run in each of the two plots
    assert drawn[0][0]["x"] == [point.step for point in POINTS]
    assert drawn[1][0]["y"] == [point.success for point in POINTS]


def test_texts_are_escaped() -> None:
    text = render(replace(COMPARISON, environment="<i>mine</i>"))
    assert "<b>" not in text
    assert "<i>" not in text
    assert "&lt;b&gt;fell off" in text


@pytest.mark.parametrize(
    "runs",
    [
        pytest.param((), id="none"),
        pytest.param((TimedRun(algorithm="ppo", seed=1, state="failed", reason="", points=()),), id="no points"),
        pytest.param(
            (TimedRun(algorithm="ppo", seed=1, state="done", reason="", points=(replace(POINTS[0], seconds=0.0),)),),
            id="one point at once",
        ),
        pytest.param(
            (
                TimedRun(
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
def test_every_state_makes_a_page(runs: tuple[TimedRun, ...]) -> None:
    text = render(replace(COMPARISON, runs=runs))
    assert "nan" not in text.partition("<script")[0]
    assert "Figures" in text
