"""Remarks on the best parameters: at an end of a range, and gamma for short episodes."""

from pathlib import Path
from typing import Any

import pytest
from conftest import write_study

from tuner.config.load import find, load_study
from tuner.config.model import StudySpec
from tuner.results.summary import advice
from tuner.study.rows import Row


@pytest.fixture
def spec(tmp_path: Path) -> StudySpec:
    return load_study(find("studies", str(write_study(tmp_path))))


def row(episode_length: float | None = 8.0, gamma: float = 0.99, **params: Any) -> Row:
    values = {"learning_rate": 3e-4, "n_steps": 32, "batch_size": 8, **params}
    return Row(
        number=3,
        state="complete",
        role=None,
        value=0.5,
        milestones={},
        success=0.5,
        arguments={**values, "gamma": gamma},
        params=values,
        seed=1_000_003,
        seconds=1.0,
        steps=384,
        episode_length=episode_length,
        attributes={},
    )


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"learning_rate": 9.5e-3}, "learning_rate = 0.0095 sits at the high end of its range (0.01)"),
        ({"learning_rate": 1.1e-5}, "sits at the low end of its range (1e-05)"),
        ({"n_steps": 64}, "n_steps = 64 sits at the high end"),
        ({"batch_size": 4}, "batch_size = 4 sits at the low end"),
    ],
    ids=["high", "low", "top power", "bottom power"],
)
def test_the_end_of_a_range_is_named(spec: StudySpec, params: dict[str, Any], words: str) -> None:
    found = [word for word in advice(row(**params), spec).values() if "range" in word]
    assert len(found) == 1
    assert words in found[0]


def test_the_middle_of_every_range_gets_no_remark(spec: StudySpec) -> None:
    assert advice(row(gamma=0.95), spec) == {}


@pytest.mark.parametrize(
    ("length", "gamma", "said"),
    [(100.0, 0.99, True), (1000.0, 0.99, False), (100.0, 0.95, False), (None, 0.99, False)],
    ids=["short and far-sighted", "long", "short-sighted already", "length unknown"],
)
def test_gamma_is_mentioned_for_short_episodes_alone(
    spec: StudySpec, length: float | None, gamma: float, said: bool
) -> None:
    assert any("gamma is fixed" in word for word in advice(row(length, gamma), spec).values()) is said
