"""Submitting to the service, and taking back; the service itself: tests/faults/test_service.py."""

from pathlib import Path

import pytest
from conftest import write_study
from use_cases import STAGES, Told

from tuner.app import events
from tuner.app.resolve import storage_url
from tuner.app.status import read_status
from tuner.app.submit import SubmitRequest, cancel, submit
from tuner.errors import NothingToShow, StorageFailed, StudyDiffers, TunerError, UsageProblem
from tuner.study import queue
from tuner.study.queue import Submission
from tuner.study.storage import open_to_read
from tuner.study.stored import SettingChange

TOY = SubmitRequest(study="toy.yaml")


def stored() -> list[Submission]:
    return queue.submissions(open_to_read(storage_url(None)))


def test_a_submitted_study_is_stored_whole_and_waits(told: Told, toy_study: Path) -> None:
    made = submit(SubmitRequest(study=str(toy_study), changes={"trials": 5}, confirm=True), told)
    assert (made.submission.study, made.submission.trials, made.ahead) == ("toy", 5, ())
    assert made.url == storage_url(None)
    toy_study.unlink()  # the service never sees the file
    found = read_status("toy", None)
    assert (found.summary.finished, found.summary.target) == (0, 5)
    assert [one.study for one in found.queue] == ["toy"]
    [one] = stored()
    assert (one.trials, one.confirm, one.state) == (5, True, "queued")


def test_a_second_one_stands_behind_it_and_can_be_cancelled(told: Told, toy_study: Path) -> None:
    submit(TOY, told)
    assert submit(SubmitRequest(study="toy.yaml", name="other"), told).ahead == ("toy",)
    taken = cancel("other", None)
    assert (taken.study, taken.state) == ("other", "queued")
    own = read_status("other", None).submission
    assert own is not None
    assert own.state == "cancelled"
    assert [one.study for one in stored() if one.open] == ["toy"]
    with pytest.raises(NothingToShow):
        cancel("other", None)


def test_more_trials_of_a_study_that_is_there(told: Told, finished: Path) -> None:
    submit(SubmitRequest(study=str(finished), changes={"trials": 9}), told)
    [changed] = told.of(events.SettingsChanged)
    assert SettingChange(name="sampler", before="random", now="tpe") in changed.changes
    summary = read_status("toy", None).summary
    assert (summary.finished, summary.target) == (4, 9)  # nothing is run by submitting


def test_another_meaning_is_refused_with_the_difference(told: Told, finished: Path, tmp_path: Path) -> None:
    write_study(tmp_path, timesteps=768)
    with pytest.raises(StudyDiffers, match="study 'toy' already exists with a different configuration: timesteps"):
        submit(TOY, told)
    assert stored() == []


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (SubmitRequest(study="nothing"), "no study called 'nothing'"),
        (SubmitRequest(study="toy.yaml", changes={"trials": 1}), "trials"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(
    told: Told, toy_study: Path, tmp_path: Path, request_: SubmitRequest, words: str
) -> None:
    with pytest.raises(TunerError, match=words) as caught:
        submit(request_, told)
    assert caught.value.exit_code == 2
    assert not (tmp_path / "studies" / "tuner.db").exists()


def test_nothing_is_cancelled_where_there_is_no_database(toy_study: Path, tmp_path: Path) -> None:
    with pytest.raises(StorageFailed, match="no database at"):
        cancel("toy", None)
    assert not (tmp_path / "studies" / "tuner.db").exists()


def test_a_study_in_stages_is_not_for_the_service(told: Told, tmp_path: Path) -> None:
    write_study(tmp_path, stages=STAGES[:1])
    with pytest.raises(UsageProblem, match="is one in stages"):
        submit(TOY, told)
