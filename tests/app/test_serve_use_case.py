"""The service: it hears of a cancel whatever it is at, and ends what is submitted in its own words."""

from pathlib import Path
from typing import Any

import pytest
from use_cases import INLINE, Told

from tuner.app import events, serve, service_events
from tuner.app.resolve import storage_url
from tuner.app.submit import SubmitRequest, cancel, submit
from tuner.errors import StudyLocked
from tuner.study.reader import find_reader

SERVE = serve.ServeRequest(port=0, engine=INLINE, allowed=("tuner_toys",))


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
        if isinstance(event, service_events.SubmissionEnded):
            raise KeyboardInterrupt


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "PAUSE", 0.0)


@pytest.mark.parametrize("when", [service_events.SubmissionBegan, events.SpeedMeasured, events.RunEstimated])
def test_a_cancel_is_heard_before_the_first_trial(told: Told, toy_study: Path, when: type[events.Event]) -> None:
    submit(SubmitRequest(study=str(toy_study)), told)
    hearing = Cancelling(when)
    serve.serve(SERVE, hearing)
    assert [(one.study, one.state) for one in hearing.of(service_events.SubmissionEnded)] == [("toy", "cancelled")]
    reader = find_reader(storage_url(None), "toy")
    assert reader is not None
    assert [row for row in reader.rows if row.finished] == []


def test_a_study_that_has_its_trials_is_cancelled_as_well(told: Told, finished: Path) -> None:
    submit(SubmitRequest(study=str(finished), changes={"trials": 4}), told)
    hearing = Cancelling(service_events.SubmissionBegan)
    serve.serve(SERVE, hearing)
    assert [one.state for one in hearing.of(service_events.SubmissionEnded)] == ["cancelled"]


def test_what_is_not_cancelled_is_done(told: Told, toy_study: Path) -> None:
    submit(SubmitRequest(study=str(toy_study), changes={"trials": 2}), told)
    hearing = Cancelling(events.Interrupted)
    serve.serve(SERVE, hearing)
    assert [one.state for one in hearing.of(service_events.SubmissionEnded)] == ["done"]
    assert hearing.of(events.Interrupted) == [events.Interrupted(what="service")]


class Stopping(Told):
    """Stops the service after so many submissions have ended."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self._count = count

    def notify(self, event: events.Event) -> None:
        """Something happened."""
        super().notify(event)
        if (
            isinstance(event, service_events.SubmissionEnded)
            and len(self.of(service_events.SubmissionEnded)) == self._count
        ):
            raise KeyboardInterrupt


def submitted(told: Told, toy_study: Path, *names: str) -> None:
    for name in names:
        submit(SubmitRequest(study=str(toy_study), name=name, changes={"trials": 2}), told)


def ended(hearing: Told) -> list[tuple[str, str]]:
    return [(one.study, one.state) for one in hearing.of(service_events.SubmissionEnded)]


def test_a_fault_that_nobody_foresaw_fails_its_submission_with_a_trace(
    told: Told, toy_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    submitted(told, toy_study, "first", "second")
    real = vars(serve)["work"]

    def work(run: Any, spec: Any, *rest: Any, **named: Any) -> Any:
        if spec.name == "first":
            raise ZeroDivisionError("a fault of ours")
        return real(run, spec, *rest, **named)

    monkeypatch.setattr(serve, "work", work)
    hearing = Stopping(2)
    serve.serve(SERVE, hearing)
    assert ended(hearing) == [("first", "failed"), ("second", "done")]
    reason = hearing.of(service_events.SubmissionEnded)[0].reason
    assert reason.startswith("ZeroDivisionError: a fault of ours - internal error; traceback in ")
    assert "Traceback" in Path(reason.rpartition(" ")[2]).read_text()


def test_a_study_that_is_locked_a_moment_later_waits_and_blocks_no_other(
    told: Told, toy_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    submitted(told, toy_study, "first", "second")
    real, tries = vars(serve)["work"], list[str]()

    def work(run: Any, spec: Any, *rest: Any, **named: Any) -> Any:
        tries.append(spec.name)
        if spec.name == "first" and tries.count("first") < 3:
            raise StudyLocked("study 'first' is locked", "process 1")
        return real(run, spec, *rest, **named)

    monkeypatch.setattr(serve, "work", work)
    hearing = Stopping(2)
    serve.serve(SERVE, hearing)
    assert ended(hearing) == [("second", "done"), ("first", "done")]


def test_a_submission_that_ends_the_service_again_and_again_is_failed(
    told: Told, toy_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    submitted(told, toy_study, "first")

    class Died(BaseException):
        """The process is gone."""

    def die(*_: Any, **__: Any) -> None:
        raise Died

    monkeypatch.setattr(serve, "work", die)
    for _ in range(3):
        with pytest.raises(Died):
            serve.serve(SERVE, Stopping(1))
    hearing = Stopping(1)
    serve.serve(SERVE, hearing)
    assert ended(hearing) == [("first", "failed")]
    assert "the service died 3 times while it ran" in hearing.of(service_events.SubmissionEnded)[0].reason
