"""What a study maximises: its notations, what is stored, what is refused, what it is called."""

from pathlib import Path
from typing import Any

import pytest
from conftest import write_study

from tuner.config.load import find, load_study
from tuner.config.model import StudySpec
from tuner.config.objective import ObjectiveSpec
from tuner.errors import SpecInvalid


def study(folder: Path, objective: Any, **changes: Any) -> StudySpec:
    return load_study(find("studies", str(write_study(folder, objective=objective, **changes))))


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("success", "success"),
        ("return", "return"),
        ("info:energy", "info:energy"),
        ("info:a b", "info:a b"),
        ("area", "area"),
        ({"metric": "success"}, "success"),
        ({"checkpoints": "all"}, "area"),
        ({"metric": "area"}, "area"),
        ({"metric": "return", "quantile": 0.1}, {"metric": "return", "quantile": 0.1}),
        ({"metric": "info:e", "direction": "minimize"}, {"metric": "info:e", "direction": "minimize"}),
    ],
    ids=str,
)
def test_the_shortest_notation_is_stored_and_read_again(tmp_path: Path, written: Any, stored: Any) -> None:
    spec = study(tmp_path, written)
    assert spec.model_dump()["objective"] == spec.meaning()["objective"] == stored
    assert StudySpec.model_validate_json(spec.model_dump_json()) == spec


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        (
            "aria",
            "objective: 'aria' is no metric, did you mean 'area'?; valid: success, milestones, return, area, info:N",
        ),
        ("info:", "objective: 'info:' is no metric; valid"),
        (3, "objective: 3 must be success, milestones, return, area, info:NAME or a mapping such as"),
        (None, "objective: None must be"),
        ({"metrik": "return"}, "objective.metrik: unknown key, did you mean 'metric'?; valid: metric, direction"),
        ({"metric": 3}, "objective.metric: must be text, not 3"),
        ({"metric": "return", "quantile": 1.0}, "objective.quantile: must be less than 1, not 1.0"),
        ({"metric": "return", "quantile": "low"}, "objective.quantile: must be a"),
        ({"metric": "success", "quantile": 0.1}, "objective: quantile: success is yes or no in an episode"),
        ({"metric": "return", "direction": "minimize"}, "objective: direction: return is better the higher it is"),
        ({"metric": "info:e", "direction": "down"}, "objective.direction: must be 'maximize' or 'minimize'"),
    ],
    ids=str,
)
def test_a_bad_objective_is_refused_in_a_line(tmp_path: Path, written: Any, fault: str) -> None:
    with pytest.raises(SpecInvalid) as caught:
        study(tmp_path, written)
    assert all(line.startswith(fault) for line in caught.value.faults)


@pytest.mark.parametrize(
    ("objective", "told", "untold"),
    [
        ({}, "success", "return"),
        ({"metric": "return"}, "return", "return"),
        ({"metric": "return", "quantile": 0.1}, "score", "score"),
        ({"metric": "info:e"}, "score", "score"),
        ({"checkpoints": "all"}, "score", "score"),
    ],
    ids=str,
)
def test_configurations_are_compared_by_what_was_maximised(objective: Any, told: str, untold: str) -> None:
    found = ObjectiveSpec(**objective)
    assert (found.measure(told=True), found.measure(told=False)) == (told, untold)


@pytest.mark.parametrize(
    ("objective", "words"),
    [
        ({}, ""),
        ({"metric": "return"}, ""),
        ({"checkpoints": "all"}, "success, mean over all evaluations"),
        ({"metric": "return", "quantile": 0.1}, "return (10% of the episodes are worse)"),
        (
            {"metric": "info:e", "direction": "minimize"},
            "minus info['e'] at an episode's end (the lower the entry, the better)",
        ),
    ],
    ids=str,
)
def test_what_a_score_is_is_said_where_it_is_not_the_usual(objective: Any, words: str) -> None:
    assert ObjectiveSpec(**objective).words == words
