"""The coordinator with a scripted engine, source and listener that log every call."""

import time
from typing import Any

import pytest
from conftest import make_job
from driving import EVALUATION

from tuner.coordinator import MAX_FAILURES_IN_A_ROW, coordinate
from tuner.engines.base import Broken, Evaluated, Event, Finished
from tuner.errors import EnvironmentUnusable, TooManyFailures
from tuner.records import Decision, Evaluation, TrialJob, TrialOutcome

DONE = TrialOutcome(state="completed")
FAILED = TrialOutcome(state="failed", reason="for a reason")
LOST = TrialOutcome(state="failed", reason="the node is gone", lost_with="node 1")
DIVERGED = TrialOutcome(state="diverged", reason="it did")

Step = list[Event] | BaseException


class Stage:
    """Source, engine and listener in one log."""

    def __init__(self, *, jobs: int, workers: int = 1, script: list[Step] | None = None) -> None:
        self.workers = workers
        self.log: list[str] = []
        self.most = 0
        self.fatal: TooManyFailures | None = None
        self.retry_failures = False
        self.early: list[Event] = []  # what is there while jobs are still being started
        self._waiting = [make_job(number=number) for number in range(jobs)]
        self._running: list[int] = []
        self._script = script

    def next_job(self) -> TrialJob | None:
        self.log.append("next")
        return self._waiting.pop(0) if self._waiting else None

    def on_evaluation(self, number: int, evaluation: Evaluation) -> Decision:
        self.log.append(f"source hears of {number} at {evaluation.step}")
        return Decision(go_on=number != 0)

    def on_outcome(self, number: int, outcome: TrialOutcome) -> None:
        self.log.append(f"source stores {number} {outcome.state}")
        if self.fatal:
            raise self.fatal
        if outcome.state == "failed" and self.retry_failures:
            self._waiting.append(make_job(number=number + 100))

    def interrupt(self) -> None:
        self.log.append("interrupt")

    def prepare(self, count: int) -> None:
        pass

    def start(self, job: TrialJob) -> None:
        self.log.append(f"start {job.number}")
        self._running.append(job.number)
        self.most = max(self.most, len(self._running))

    def wait(self, timeout: float) -> list[Event]:
        if not timeout:  # a look between two starts
            return [self.early.pop(0)] if self.early else []
        self.log.append("wait")
        step: Step = self._script.pop(0) if self._script is not None else [_finished(self._running[0])]
        if isinstance(step, BaseException):
            raise step
        for event in step:
            if not isinstance(event, Evaluated):
                self._running.remove(event.number)
        return step

    def answer(self, number: int, decision: Decision) -> None:
        self.log.append(f"answer {number} {decision.go_on}")

    def stop(self) -> None:
        self.log.append("stop")

    def started(self, job: TrialJob) -> None:
        self.log.append(f"shown: {job.number} started")

    def evaluated(self, number: int, evaluation: Evaluation, decision: Decision) -> None:
        self.log.append(f"shown: {number} evaluated")

    def finished(self, number: int, outcome: TrialOutcome) -> None:
        self.log.append(f"shown: {number} {outcome.state}")

    def tick(self) -> None:
        self.log.append("tick")

    def run(self, **options: Any) -> list[str]:
        coordinate(self, self, self, **options)
        return self.log


def _evaluated(number: int) -> Event:
    return Evaluated(number=number, evaluation=EVALUATION)


def _finished(number: int, outcome: TrialOutcome = DONE) -> Event:
    return Finished(number=number, outcome=outcome)


def test_the_order_of_a_job() -> None:
    stage = Stage(jobs=1, script=[[], [_evaluated(0)], [_finished(0)]])
    assert stage.run() == [
        *("next", "start 0", "shown: 0 started"),
        *("wait", "tick"),
        *("wait", "source hears of 0 at 64", "answer 0 False", "shown: 0 evaluated", "tick"),
        *("wait", "source stores 0 completed", "shown: 0 completed", "tick"),
        "next",
    ]


def test_without_a_job_nothing_is_waited_for() -> None:
    assert Stage(jobs=0).run() == ["next"]


@pytest.mark.parametrize("workers", [1, 2, 3, 8])
def test_never_more_jobs_than_workers(workers: int) -> None:
    stage = Stage(jobs=5, workers=workers)
    log = stage.run()
    assert stage.most == min(workers, 5)
    assert sorted(line for line in log if "stores" in line) == [f"source stores {n} completed" for n in range(5)]


def test_a_waiting_trial_is_answered_before_the_next_job_is_made() -> None:
    stage = Stage(jobs=3, workers=3, script=[[_finished(1)], [_finished(2)], [_finished(0)]])
    stage.early = [_evaluated(0)]
    log = stage.run()
    assert log.index("start 0") < log.index("answer 0 False") < log.index("start 1")


def test_a_place_that_falls_free_is_filled_while_others_run() -> None:
    script: list[Step] = [[_finished(1)], [_finished(2)], [_finished(0)]]
    log = Stage(jobs=3, workers=2, script=script).run()
    assert log.index("start 2") < log.index("source stores 0 completed")


def test_a_source_that_had_nothing_is_asked_again_after_every_outcome() -> None:
    stage = Stage(jobs=1, workers=2, script=[[_finished(0, FAILED)], [_finished(100)]])
    stage.retry_failures = True
    log = stage.run()
    assert [line for line in log if line.startswith("start")] == ["start 0", "start 100"]
    assert log[-1] == "next"


def test_events_that_come_together_are_all_heard() -> None:
    log = Stage(jobs=2, workers=2, script=[[_evaluated(1), _finished(0)], [_finished(1)]]).run()
    assert [line for line in log if line.startswith(("answer", "source stores"))] == [
        "answer 1 True",
        "source stores 0 completed",
        "source stores 1 completed",
    ]


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        pytest.param([KeyboardInterrupt()], KeyboardInterrupt, id="Ctrl-C"),
        pytest.param([[Broken(number=1, error=EnvironmentUnusable("gone"))]], EnvironmentUnusable, id="broken"),
        pytest.param([ValueError("ours")], ValueError, id="a bug"),
    ],
)
def test_running_jobs_are_stored_as_interrupted(script: list[Step], kind: type[BaseException]) -> None:
    stage = Stage(jobs=3, workers=2, script=script)
    with pytest.raises(kind):
        stage.run()
    assert stage.log.count("interrupt") == 1
    assert stage.log[-1] == "interrupt"
    assert "start 2" not in stage.log


def test_an_error_of_the_source_ends_the_run() -> None:
    stage = Stage(jobs=3, workers=2, script=[[_finished(0, FAILED)]])
    stage.fatal = TooManyFailures("three times")
    with pytest.raises(TooManyFailures, match="three times"):
        stage.run()
    assert stage.log[-2:] == ["source stores 0 failed", "interrupt"]


def ends(*outcomes: TrialOutcome) -> Stage:
    """A source whose jobs end so, one after another."""
    return Stage(jobs=len(outcomes) + 1, script=[[_finished(n, outcome)] for n, outcome in enumerate(outcomes)])


@pytest.mark.parametrize(
    "before",
    [
        pytest.param([], id="from the start"),
        pytest.param([FAILED] * 4 + [DONE], id="after an end without one"),
        pytest.param([FAILED] * 4 + [DIVERGED], id="after one that diverged"),
        pytest.param([LOST] * 15, id="after many that were lost with their nodes"),
    ],
)
def test_five_failures_in_a_row_end_the_run_once_they_are_stored(before: list[TrialOutcome]) -> None:
    stage = ends(*before, *[FAILED] * MAX_FAILURES_IN_A_ROW)
    with pytest.raises(TooManyFailures, match=r"^5 failures in a row, last reason: for a reason \("):
        stage.run()
    assert stage.log[-2:] == [f"source stores {len(before) + 4} failed", "interrupt"]


def test_failures_may_be_unlimited() -> None:
    stage = Stage(jobs=9, script=[[_finished(n, FAILED)] for n in range(9)])
    assert stage.run(most_failures=None).count("tick") == 9


def test_nothing_begins_after_the_last_start() -> None:
    stage = Stage(jobs=3, workers=1)
    assert stage.run(last_start=time.monotonic() - 1) == []
    assert stage.run(last_start=time.monotonic() + 1000).count("tick") == 3
