"""`tuner submit`, `tuner cancel`, `tuner serve`: what is said, and what is refused."""

import json
from pathlib import Path

import pytest
from conftest import Tuner


def test_a_submission_and_its_place_are_said(tuner: Tuner, toy_study: Path) -> None:
    said = tuner(f"submit {toy_study} --trials 5 --confirm")
    assert said.code == 0, said.err
    assert "Submitted study 'toy', 5 trials" in said.err
    assert "It is next" in said.err
    assert "Study 'toy': 0 of 5 trials finished" in tuner("status toy").out
    assert "The service's queue: toy" in tuner("status toy").out
    assert json.loads(tuner("status toy --json").out)["target"] == 5
    assert "Before it: toy" in tuner(f"submit {toy_study} --name other").err


def test_a_cancelled_one_is_said_to_be(tuner: Tuner, toy_study: Path) -> None:
    assert tuner(f"submit {toy_study}").code == 0
    said = tuner("cancel toy")
    assert (said.code, "Cancelled study 'toy': nothing had started" in said.err) == (0, True)
    assert "Submission: cancelled" in tuner("status toy").out
    assert tuner("cancel toy").code == 1


def test_more_trials_of_a_study_that_is_there(tuner: Tuner, finished: Path) -> None:
    said = tuner(f"submit {finished} --trials 9")
    assert said.code == 0, said.err
    assert "Since the last run, sampler was 'random' and is now 'tpe'." in said.err
    assert "4 of 9" in tuner("status toy").out


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("submit nothing", 2, "no study called 'nothing'"),
        ("submit toy.yaml --trials 0", 2, "--trials 0: must be at least 1"),
        ("submit toy.yaml --trials 1", 2, "trials"),
        ("cancel toy", 1, "no database at"),
        ("serve --port x", 2, "--port"),
        ("serve --engine cloud", 2, "--engine 'cloud': must be one of"),
        ("serve --memory none", 2, "--memory 'none': must be a number of GB"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(
    tuner: Tuner, toy_study: Path, tmp_path: Path, line: str, code: int, words: str
) -> None:
    said = tuner(line)
    assert said.code == code, said.err
    assert words in said.err
    assert len(said.err.splitlines()) == 1
    assert not (tmp_path / "studies" / "tuner.db").exists()
