"""`tuner submit` and `tuner cancel` as they are typed; the service itself: tests/faults/test_service.py."""

import json
from pathlib import Path

import pytest
from conftest import Tuner, write_study

from tuner.app.resolve import storage_url
from tuner.study import queue
from tuner.study.storage import open_to_read


def test_a_submitted_study_is_stored_whole_and_waits(tuner: Tuner, toy_study: Path) -> None:
    said = tuner(f"submit {toy_study} --trials 5 --confirm")
    assert said.code == 0, said.err
    assert "Submitted study 'toy', 5 trials" in said.err
    assert "It is next" in said.err
    toy_study.unlink()  # the service never sees the file
    assert "Study 'toy': 0 of 5 trials finished" in tuner("status toy").out
    assert "The service's queue: toy" in tuner("status toy").out
    [found] = queue.submissions(open_to_read(storage_url(None)))
    assert (found.trials, found.confirm, found.state) == (5, True, "queued")
    assert json.loads(tuner("status toy --json").out)["target"] == 5


def test_a_second_one_stands_behind_it_and_can_be_cancelled(tuner: Tuner, toy_study: Path) -> None:
    assert tuner(f"submit {toy_study}").code == 0
    said = tuner(f"submit {toy_study} --name other")
    assert "Ahead of it: toy" in said.err
    said = tuner("cancel other")
    assert (said.code, "Cancelled study 'other': nothing was begun" in said.err) == (0, True)
    assert "Its submission cancelled" in tuner("status other").out
    assert tuner("cancel other").code == 1


def test_more_trials_of_a_study_that_is_there(tuner: Tuner, finished: Path) -> None:
    said = tuner(f"submit {finished} --trials 9")
    assert said.code == 0, said.err
    assert "Since the last run, sampler was 'random' and is now 'tpe'." in said.err
    assert "4 of 9" in tuner("status toy").out  # nothing is run by submitting


def test_another_meaning_is_refused_with_the_difference(tuner: Tuner, finished: Path, tmp_path: Path) -> None:
    said = tuner(f"submit {write_study(tmp_path, timesteps=768)}")
    assert said.code == 1
    assert "study 'toy' exists and means something else: timesteps" in said.err


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


def test_a_study_in_stages_is_not_for_the_service(tuner: Tuner, tmp_path: Path) -> None:
    rate = {"type": "float", "low": 1e-4, "high": 1e-3, "scale": "log"}
    said = tuner(f"submit {write_study(tmp_path, stages=[{'parameters': {'learning_rate': rate}}])}")
    assert said.code == 2
    assert "is one in stages" in said.err
