"""Errors can be pickled, and say what to do."""

import pickle
from typing import Any

import pytest

from tuner import errors
from tuner.errors import (
    EnvironmentFailed,
    SpecInvalid,
    StudyDiffers,
    TrialDiverged,
    TunerError,
    UnknownName,
    UsageProblem,
    WorkerBroke,
    did_you_mean,
    listed,
)

ARGUMENTS: dict[type[TunerError], tuple[Any, ...]] = {
    SpecInvalid: ("file.yaml", ["a: is required", "b: unknown key"]),
    UnknownName: ("study", "reech", ["reach", "smoke"], "or give a path"),
    StudyDiffers: ("reach", ["timesteps: 1 -> 2", "goals.late: 50 -> 10"]),
    WorkerBroke: ("KeyError: 'x'", "Traceback ..."),
}


def kinds(root: type[TunerError] = TunerError) -> list[type[TunerError]]:
    return [root, *(kind for child in root.__subclasses__() for kind in kinds(child))]


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
def test_every_error_survives_a_pickle(kind: type[TunerError]) -> None:
    error = kind(*ARGUMENTS.get(kind, ("what happened",)))
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own, just written
    assert type(copy) is kind
    assert str(copy) == str(error)
    assert copy.args == error.args
    assert vars(copy) == vars(error)


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
def test_every_error_lives_in_one_place_and_explains_itself(kind: type[TunerError]) -> None:
    assert kind.__module__ == errors.__name__
    assert kind.__doc__
    assert kind.exit_code == (3 if kind is WorkerBroke else 2 if issubclass(kind, UsageProblem) else 1)


@pytest.mark.parametrize("kind", [EnvironmentFailed, TrialDiverged], ids=lambda kind: kind.__name__)
def test_what_ends_a_trial_is_no_usage_problem(kind: type[TunerError]) -> None:
    assert not issubclass(kind, UsageProblem)


def test_every_problem_of_a_file_has_its_line() -> None:
    error = SpecInvalid("file.yaml", (fault for fault in ["a: is required", "b: unknown key"]))
    assert str(error) == "file.yaml: a: is required\nfile.yaml: b: unknown key"
    assert error.faults == ("a: is required", "b: unknown key")


def test_an_unknown_name_says_what_there_is() -> None:
    error = UnknownName("study", "reech", {"smoke", "reach"}, "or give a path")
    assert str(error) == "no study called 'reech', did you mean 'reach'?; there is: reach, smoke (or give a path)"


def test_an_unknown_name_among_none_is_short() -> None:
    assert str(UnknownName("study", "reech", [])) == "no study called 'reech'"


def test_a_different_study_shows_every_difference_and_what_to_do() -> None:
    message = str(StudyDiffers("reach", ["timesteps: 1 -> 2", "goals.late: 50 -> 10"]))
    assert all(part in message for part in ("'reach'", "timesteps: 1 -> 2", "goals.late: 50 -> 10", "--name"))


@pytest.mark.parametrize(
    ("name", "hint"),
    [("timestep", ", did you mean 'timesteps'?"), ("trails", ", did you mean 'trials'?"), ("zzz", ""), ("", "")],
)
def test_the_nearest_name_is_hinted_at(name: str, hint: str) -> None:
    assert did_you_mean(name, iter(["timesteps", "trials", "goals"])) == hint


def test_no_names_no_hint() -> None:
    assert did_you_mean("timesteps", []) == ""


@pytest.mark.parametrize(("names", "words"), [("a", "a"), ("ab", "a and b"), ("abc", "a, b and c")])
def test_names_are_listed_with_one_and(names: str, words: str) -> None:
    assert listed(names) == words
