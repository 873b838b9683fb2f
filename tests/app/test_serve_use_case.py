"""The service: it hears of a cancel whatever it is at, and ends what is submitted in its own words."""

from pathlib import Path

import pytest
from use_cases import INLINE, Told

from tuner.app import events, serve
from tuner.app.resolve import storage_url
from tuner.app.submit import SubmitRequest, cancel, submit
from tuner.study.reader import find_reader

SERVE = serve.ServeRequest(port=0, engine=INLINE)


class Cancelling(Told):
    """Cancels the study as soon as something happens, and stops the service when the study has ended."""

    def __init__(self, when: type[events.Event]) -> None:
        super().__init__()
        self._when = when

    def notify(self, event: events.Event) -> None:
        """Something happened."""
        super().notify(event)
        if isinstance(event, self._when):
            cancel("toy", None)
        if isinstance(event, events.SubmissionEnded):
            raise KeyboardInterrupt


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "PAUSE", 0.0)


@pytest.mark.parametrize("when", [events.SubmissionBegan, events.SpeedMeasured, events.RunEstimated])
def test_a_cancel_is_heard_before_the_first_trial(told: Told, toy_study: Path, when: type[events.Event]) -> None:
    submit(SubmitRequest(study=str(toy_study)), told)
    hearing = Cancelling(when)
    serve.serve(SERVE, hearing)
    assert [(one.study, one.state) for one in hearing.of(events.SubmissionEnded)] == [("toy", "cancelled")]
    reader = find_reader(storage_url(None), "toy")
    assert reader is not None
    assert [row for row in reader.rows if row.finished] == []


def test_a_study_that_has_its_trials_is_cancelled_as_well(told: Told, finished: Path) -> None:
    submit(SubmitRequest(study=str(finished), changes={"trials": 4}), told)
    hearing = Cancelling(events.SubmissionBegan)
    serve.serve(SERVE, hearing)
    assert [one.state for one in hearing.of(events.SubmissionEnded)] == ["cancelled"]


def test_what_is_not_cancelled_is_done(told: Told, toy_study: Path) -> None:
    submit(SubmitRequest(study=str(toy_study), changes={"trials": 2}), told)
    hearing = Cancelling(events.Interrupted)
    serve.serve(SERVE, hearing)
    assert [one.state for one in hearing.of(events.SubmissionEnded)] == ["done"]
    assert hearing.of(events.Interrupted) == [events.Interrupted(what="service")]
