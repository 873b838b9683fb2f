"""The environment of a study file: wrappers in rl_zoo3's notation, the time limit, evaluations of their own."""

from pathlib import Path
from typing import Any

import pytest
from conftest import write_study

from tuner.config.environment_spec import EnvironmentSpec
from tuner.config.load import find, load_study
from tuner.config.model import StudySpec
from tuner.config.wrapper_notation import path_and_arguments, wrapper_entries
from tuner.errors import SpecInvalid

LINE = "tuner_toys:ToyLine-v0"


def spec(folder: Path, **changes: Any) -> StudySpec:
    return load_study(find("studies", str(write_study(folder, **changes))))


@pytest.mark.parametrize(
    ("given", "entries"),
    [
        (None, ()),
        ("a.b.Wrapper", ("a.b.Wrapper",)),
        ("a.b:Wrapper", ("a.b.Wrapper",)),
        ({"a.B": {"x": 1}}, ({"a.B": {"x": 1}},)),
        ({"a.B": None}, ("a.B",)),
        (["a.B", {"a.C": {}}, {"a:D": {"x": [1, 2]}}], ("a.B", "a.C", {"a.D": {"x": [1, 2]}})),
    ],
    ids=str,
)
def test_wrappers_have_one_normal_form(given: Any, entries: Any) -> None:
    assert wrapper_entries(given) == entries
    assert EnvironmentSpec(id=LINE, wrappers=given).wrappers == entries
    assert [path_and_arguments(one)[0] for one in entries] == [
        one if isinstance(one, str) else next(iter(one)) for one in entries
    ]


@pytest.mark.parametrize(
    ("wrappers", "words"),
    [
        ("Wrapper", "'Wrapper' must be a path such as gymnasium.wrappers.FlattenObservation"),
        (5, "5 must be a path"),
        ([{"a.B": 1}], "a.B: 1 must be a mapping of arguments"),
        ([{"a.B": {}, "a.C": {}}], "must be a path"),
        ("own/file.py:Wrapper", "must name a module, not a file"),
        ([{"a.B": {"x": float("inf")}}], "must hold plain values"),
    ],
    ids=str,
)
def test_anything_else_is_refused_in_a_line(tmp_path: Path, wrappers: Any, words: str) -> None:
    with pytest.raises(SpecInvalid) as caught:
        spec(tmp_path, environment={"id": LINE, "wrappers": wrappers})
    [line] = caught.value.faults
    assert line.startswith("environment.wrappers: ")
    assert words in line


def test_a_time_limit_is_an_argument_of_gym_make_and_stands_once(tmp_path: Path) -> None:
    limited = spec(tmp_path, environment={"id": LINE, "max_episode_steps": 5, "kwargs": {"scale": 2.0}})
    assert limited.environment.ref().kwargs == {"scale": 2.0, "max_episode_steps": 5}
    assert limited.meaning()["environment.max_episode_steps"] == 5
    with pytest.raises(SpecInvalid, match="stands in kwargs as well"):
        spec(tmp_path, environment={"id": LINE, "max_episode_steps": 5, "kwargs": {"max_episode_steps": 6}})
    with pytest.raises(SpecInvalid, match="max_episode_steps: must be greater than or equal to 1, not 0"):
        spec(tmp_path, environment={"id": LINE, "max_episode_steps": 0})


def test_the_meaning_of_a_study_without_them_is_as_it_was(tmp_path: Path) -> None:
    keys = spec(tmp_path, success={"key": "is_success"}).meaning().keys()
    added = {"environment.wrappers", "environment.max_episode_steps", "evaluation.environment", "success.at_least"}
    assert not added & keys
    used = spec(
        tmp_path,
        environment={"id": LINE, "wrappers": "wrapped_toys.Doubled", "max_episode_steps": 5},
        evaluation={"environment": {"scale": 2.0}},
        success={"key": "is_success", "at_least": 0.5},
    )
    assert added <= used.meaning().keys()
    assert StudySpec.model_validate_json(used.model_dump_json()) == used


def test_an_evaluation_as_a_mapping_is_the_other_keys_in_one_place(tmp_path: Path) -> None:
    one = spec(tmp_path, evaluation={"deterministic": False, "episodes": 7, "environment": {"scale": 3.0}})
    assert (one.evaluation, one.goals.early, one.goals.late) == ("stochastic", 7, 7)
    assert one.evaluated_in({}).kwargs == {"scale": 3.0}
    assert one.environment.ref().kwargs == {}
    two = spec(tmp_path, evaluation={"episodes": {"late": 9}}, goals={"early": 2, "longest": 50})
    assert (two.evaluation, two.goals.early, two.goals.late, two.goals.longest) == ("deterministic", 2, 9, 50)
    assert spec(tmp_path, evaluation={}).meaning() == spec(tmp_path).meaning()


@pytest.mark.parametrize(
    ("evaluation", "words"),
    [
        ({"deterministic": "maybe"}, "evaluation.deterministic: must be true or false, not 'maybe'"),
        ({"episode": 3}, "evaluation.episode: unknown key, did you mean 'episodes'?"),
        ({"episodes": {"early": 0}}, "evaluation.episodes.early: must be greater than or equal to 1, not 0"),
        ({"environment": 5}, "evaluation.environment: must be a mapping, not 5"),
        (5, "evaluation: must be 'deterministic' or 'stochastic', not 5"),
    ],
    ids=str,
)
def test_an_evaluation_that_is_none_is_refused_by_key(tmp_path: Path, evaluation: Any, words: str) -> None:
    with pytest.raises(SpecInvalid) as caught:
        spec(tmp_path, evaluation=evaluation)
    assert caught.value.faults[0].startswith(words)


def test_another_environment_is_evaluated_without_arguments_of_the_files(tmp_path: Path) -> None:
    path = write_study(tmp_path, evaluation={"deterministic": False, "environment": {"scale": 3.0}})
    there = load_study(find("studies", str(path)), env="wrapped_toys:Wide")
    assert (there.evaluation, there.evaluation_environment) == ("stochastic", {})
